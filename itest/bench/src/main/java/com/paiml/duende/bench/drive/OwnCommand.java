package com.paiml.duende.bench.drive;

import com.paiml.duende.api.LogConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.container.LabEngine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The engine's own command, as a rival: it makes the container that a daemon file without a word about limits asks for, with the same limits and the
 * same keeping of its output. Times are in nanoseconds, from the command's start to its end.
 */
public final class OwnCommand {
  private static final List<String> SLEEPING = List.of("/bin/sleep", "3600");
  private static final long PERIOD = 100_000;
  private static final int PROCESSES = 32_768;

  private final LabEngine engine;

  public OwnCommand(LabEngine engine) {
    this.engine = engine;
  }

  private boolean isContainerd() {
    return engine.kind().equals("containerd");
  }

  /** Makes and starts a container. */
  public long run(String name) throws Missing, IOException, InterruptedException {
    Resources usual = Resources.DEFAULT;
    long quota = Math.round(usual.cpuQuota() * PERIOD / 100);
    List<String> words = new ArrayList<>(List.of("run", "-d", "--label", "rival=" + name));
    words.addAll(List.of("--cpu-period", Long.toString(PERIOD)));
    words.addAll(List.of("--cpu-quota", Long.toString(quota)));
    words.addAll(List.of("--cpu-shares", Long.toString(usual.cpuShares())));
    if (isContainerd()) {
      words.addAll(List.of("--memory-limit", Long.toString(usual.memory())));
      words.addAll(List.of("--log-uri", "file://" + engine.folder().resolve(name + ".log")));
      words.addAll(List.of(engine.image(), name));
    } else {
      words.addAll(List.of("--network", "none", "--name", name));
      words.addAll(List.of("--memory", Long.toString(usual.memory())));
      words.addAll(List.of("--memory-swap", Long.toString(usual.memorySwap())));
      words.addAll(List.of("--pids-limit", Long.toString(usual.pids())));
      words.addAll(List.of("--ulimit", "nofile=" + usual.openFiles()));
      if (engine.kind().equals("podman")) {
        // As Duende has it: Podman would ask for more than may be had everywhere.
        words.addAll(List.of("--ulimit", "nproc=" + PROCESSES));
      }
      words.addAll(log());
      words.add(engine.image());
    }
    words.addAll(SLEEPING);
    return time(words);
  }

  private List<String> log() {
    LogConfig usual = LogConfig.DEFAULT;
    long files = usual.keep() + 1L;
    return engine.kind().equals("podman")
        ? List.of("--log-driver", "k8s-file", "--log-opt", "max-size=" + usual.maxSize() * files)
        : List.of(
            "--log-driver",
            "json-file",
            "--log-opt",
            "max-size=" + usual.maxSize(),
            "--log-opt",
            "max-file=" + files);
  }

  /** Kills a container. Podman's removal alone gives a first process that is deaf to TERM its ten seconds. */
  public void kill(String name) throws Missing, IOException, InterruptedException {
    long _ = time(isContainerd() ? List.of("tasks", "rm", "-f", name) : List.of("kill", name));
  }

  /** Removes a container that was killed. */
  public long remove(String name) throws Missing, IOException, InterruptedException {
    return time(isContainerd() ? List.of("containers", "rm", name) : List.of("rm", "-f", name));
  }

  private long time(List<String> words) throws Missing, IOException, InterruptedException {
    long begin = System.nanoTime();
    Command.Result done = engine.run(words.toArray(String[]::new));
    long took = System.nanoTime() - begin;
    if (!done.ok()) {
      throw new IOException(String.join(" ", words) + ": " + done.output().strip());
    }
    return took;
  }
}
