package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** From the start of the container's process until it is ready to supervise. */
final class StartScenario implements Scenario {
  @Override
  public String name() {
    return "start";
  }

  @Override
  public String description() {
    return "container: process start to ready, and memory when idle";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    List<Figure> figures = new ArrayList<>();
    Latencies cold = new Latencies();
    double rss = 0;
    double pss = 0;
    for (int i = 0; i < setting.rounds(15); i++) {
      try (Installed duende = setting.install()) {
        cold.add(toReady(duende));
        if (i == 0) {
          // Idle: nothing has happened for a while.
          Thread.sleep(35_000);
          long pid = duende.container().orElseThrow().pid();
          rss = Programs.rss(pid);
          pss = Programs.pss(List.of(pid));
        }
      }
    }
    figures.add(
        Figure.of(
            name(),
            "to ready",
            Figure.DUENDE,
            cold.median().toNanos() / 1e6,
            "ms",
            cold + ", no cache"));
    figures.add(cached(setting));
    figures.add(
        Figure.of(
            name(), "idle memory, RSS", Figure.DUENDE, rss, "MiB", "after 35 s without a daemon"));
    figures.add(Figure.of(name(), "idle memory, PSS", Figure.DUENDE, pss, "MiB", ""));
    return figures;
  }

  /** With what an earlier container, which was stopped in order, has left. */
  private Figure cached(Setting setting) throws Exception {
    Latencies warm = new Latencies();
    try (Installed duende = setting.install()) {
      duende.useCaches();
      duende.up();
      if (!duende.awaitCache("container")) {
        return Figure.none(
            name(), "to ready, with cache", Figure.DUENDE, "no cache was made within two minutes");
      }
      duende.stopContainer();
      for (int i = 0; i < setting.rounds(15); i++) {
        warm.add(toReady(duende));
        duende.awaitSettled();
        duende.stopContainer();
      }
    }
    return Figure.of(
        name(),
        "to ready, with cache",
        Figure.DUENDE,
        warm.median().toNanos() / 1e6,
        "ms",
        warm.toString());
  }

  private static long toReady(Installed duende) throws Exception {
    Path lock = duende.data().resolve("container.lock");
    Path out = Files.createTempFile(duende.data().getParent(), "up", ".out");
    long begin = System.nanoTime();
    Process process = duende.start(out, out, "up", "--foreground");
    Await.until(
        "the container is ready",
        Installed.PATIENCE,
        () -> Files.exists(lock) && Files.readString(lock).startsWith(process.pid() + " ready"));
    return System.nanoTime() - begin;
  }
}
