package com.paiml.duende.survival;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Sort;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.lab.systemd.Systemd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The real platforms that this machine has: a systemd, engines of containers, machines. What it has not is told with the reason.
 * Closing it ends them.
 */
final class Platforms implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  // Of a container that is not the default one: with the instance's id.
  private static final Pattern NAME = Pattern.compile("duende-[0-9a-f]{8}-([a-z0-9-]+)");

  private final List<String> missing = new ArrayList<>();
  private final List<LabEngine> engines = new ArrayList<>();
  private final Optional<Systemd> systemd;
  private final Optional<Path> images;

  private Platforms(Optional<Systemd> systemd, Optional<Path> images) {
    this.systemd = systemd;
    this.images = images;
  }

  /**
   * Starts what can be had.
   *
   * @param wanted systemd, docker, podman, containerd, pepita
   */
  static Platforms start(List<String> wanted) throws Exception {
    List<String> missing = new ArrayList<>();
    Optional<Systemd> systemd = Optional.empty();
    if (wanted.contains("systemd")) {
      try {
        systemd = Optional.of(Systemd.boot());
      } catch (Missing reason) {
        missing.add("systemd: " + reason.getMessage());
      }
    }
    Optional<Path> images = Optional.empty();
    if (wanted.contains("pepita")) {
      images = Settings.machines();
      if (images.isEmpty()) {
        missing.add("pepita: no image has been built (pepita image build)");
      }
    }
    Platforms all = new Platforms(systemd, images);
    all.missing.addAll(missing);
    try {
      for (String kind : List.of("docker", "podman", "containerd")) {
        if (wanted.contains(kind)) {
          try {
            all.engines.add(LabEngine.start(kind));
          } catch (Missing reason) {
            all.missing.add(kind + ": " + reason.getMessage());
          }
        }
      }
      return all;
    } catch (IOException | InterruptedException | RuntimeException e) {
      all.close();
      throw e;
    }
  }

  /** What was wanted and cannot be had here, each with its reason. */
  List<String> missing() {
    return List.copyOf(missing);
  }

  /** Where everything must be that daemons are to see; a folder of its own. */
  Path folder(Path otherwise) throws IOException {
    return systemd.isPresent() ? Files.createTempDirectory(systemd.get().shared(), "k") : otherwise;
  }

  /** Their daemons, in this container. To be called before it starts. */
  List<Platform> in(Installed duende) throws IOException {
    List<Platform> all = new ArrayList<>();
    StringBuilder options = new StringBuilder();
    if (systemd.isPresent()) {
      options.append(" -Dduende.systemd.bus=").append(systemd.get().busAddress());
      all.add(units(duende, systemd.get()));
    }
    for (LabEngine engine : engines) {
      all.add(containers(duende, engine));
    }
    if (images.isPresent()) {
      options.append(" -Dduende.pepita.cache=").append(images.get());
      all.add(machines(duende));
    }
    duende.set("DUENDE_JAVA_OPTS", options.toString().strip());
    return all;
  }

  private static Platform units(Installed duende, Systemd systemd) throws IOException {
    Path _ = ForeignSort.folder(duende);
    Sort sort = new ForeignSort(duende, "unit", "platform = \"systemd\"\n", "", true);
    return new Platform() {
      @Override
      public Sort sort() {
        return sort;
      }

      @Override
      public Map<String, String> present() throws Exception {
        String out =
            must(
                systemd.run(
                    "systemctl",
                    "show",
                    "--all",
                    "--property=Id,InvocationID,LoadState",
                    "duende-*.service"));
        Map<String, String> present = new HashMap<>();
        for (String unit : out.split("\n\n")) {
          if (unit.contains("LoadState=loaded")) {
            daemon(unit).ifPresent(name -> present.put(name, value(unit, "InvocationID")));
          }
        }
        return present;
      }
    };
  }

  private static Platform containers(Installed duende, LabEngine engine) throws IOException {
    Path lives = ForeignSort.folder(duende);
    String table =
        "[container]\nengine = \""
            + engine.kind()
            + "\"\nsocket = \""
            + engine.socket()
            + "\"\nnetwork = \"none\"\npull = \"never\"\nmounts = [\"type=bind,src="
            + lives
            + ",dst="
            + lives
            + "\"]\n";
    String keys = "platform = \"container\"\nimage = \"" + engine.image() + "\"\n";
    Sort sort = new ForeignSort(duende, engine.kind(), keys, table, true);
    List<String> list =
        engine.kind().equals("containerd")
            ? List.of("containers", "ls")
            : List.of("ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.ID}}");
    return new Platform() {
      @Override
      public Sort sort() {
        return sort;
      }

      @Override
      public Map<String, String> present() throws Exception {
        Map<String, String> present = new HashMap<>();
        List<String> words = new ArrayList<>(engine.client());
        words.addAll(list);
        for (String line : must(Command.run(PATIENCE, words)).lines().toList()) {
          // containerd knows a container by its name alone; its image stands beside it. Its columns
          // are as wide as the longest name there is just now.
          daemon(line).ifPresent(name -> present.put(name, line.strip().replaceAll("\\s+", " ")));
        }
        return present;
      }
    };
  }

  private static Platform machines(Installed duende) {
    Sort sort =
        new ForeignSort(
            duende,
            "machine",
            "platform = \"pepita\"\n",
            "[pepita]\nvcpus = 1\nmemory = \"128MiB\"\n",
            false);
    return new Platform() {
      @Override
      public Sort sort() {
        return sort;
      }

      @Override
      public Map<String, String> present() {
        // A machine is a process: the witness has seen it.
        return Map.of();
      }
    };
  }

  private static Optional<String> daemon(String text) {
    Matcher name = NAME.matcher(text);
    return name.find() ? Optional.of(name.group(1)) : Optional.empty();
  }

  private static String value(String unit, String key) {
    return unit.lines()
        .filter(l -> l.startsWith(key + "="))
        .map(l -> l.substring(key.length() + 1))
        .findFirst()
        .orElse("");
  }

  private static String must(Command.Result result) throws IOException {
    if (!result.ok()) {
      throw new IOException("the platform's own tool fails: " + result.output());
    }
    return result.output();
  }

  @Override
  public void close() throws Exception {
    @Nullable Exception failure = null;
    List<AutoCloseable> all = new ArrayList<>(engines);
    systemd.ifPresent(all::add);
    for (AutoCloseable one : all) {
      try {
        one.close();
      } catch (Exception e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
