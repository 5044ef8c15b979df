package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.testkit.Await;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Daemon objects in a container: how long many take to start, and what many cost that do nothing. */
final class ObjectsScenario implements Scenario {
  private static final Pattern RUNNING = Pattern.compile("crowd of (\\d+) running after (\\d+) ms");
  private static final int SECONDS = 20;

  @Override
  public String name() {
    return "objects";
  }

  @Override
  public String description() {
    return "daemon objects: 1000 to start; memory and processor time of 10 000 that are idle";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    Optional<Path> probe = setting.probe();
    if (probe.isEmpty()) {
      return List.of(
          Figure.none(name(), "1000 started", Figure.DUENDE, "the probe bundle was not built"));
    }
    List<Figure> figures = new ArrayList<>();
    double empty;
    try (Installed duende = setting.install()) {
      duende.bundle(probe.get());
      duende.up();
      Thread.sleep(5000);
      empty = Programs.rss(duende.container().orElseThrow().pid());
    }
    Latencies ready = new Latencies();
    for (int i = 0; i < setting.rounds(5); i++) {
      try (Installed duende = setting.install()) {
        duende.property("duende.probe.crowd", "1000");
        duende.up();
        duende.awaitSettled();
        duende.bundle(probe.get());
        ready.add(awaitCrowd(duende, 1000) * 1_000_000);
      }
    }
    figures.add(
        Figure.of(
            name(),
            "1000 started",
            Figure.DUENDE,
            ready.median().toNanos() / 1e6,
            "ms",
            "first registration to the last one running, in a container that is ready; " + ready));
    for (int size : new int[] {1000, 10_000}) {
      try (Installed duende = setting.install()) {
        duende.bundle(probe.get());
        duende.property("duende.probe.crowd", Integer.toString(size));
        duende.up();
        long millis = awaitCrowd(duende, size);
        figures.add(
            Figure.of(
                name(),
                size + " started with it",
                Figure.DUENDE,
                (double) millis,
                "ms",
                "the same, while the container itself starts"));
        if (size == 10_000) {
          long pid = duende.container().orElseThrow().pid();
          Thread.sleep(10_000);
          double before = Programs.cpu(pid);
          Thread.sleep(SECONDS * 1000L);
          double used = (Programs.cpu(pid) - before) / SECONDS * 100;
          double rss = Programs.rss(pid);
          figures.add(
              Figure.of(
                  name(),
                  "10000 idle, RSS",
                  Figure.DUENDE,
                  rss,
                  "MiB",
                  String.format(java.util.Locale.ROOT, "%.1f MiB without them", empty)));
          figures.add(
              Figure.of(
                  name(),
                  "10000 idle, processor",
                  Figure.DUENDE,
                  used,
                  "% of a core",
                  "over " + SECONDS + " s"));
        }
      }
    }
    return figures;
  }

  private static long awaitCrowd(Installed duende, int size) throws Exception {
    Optional<Long> took =
        Await.value(
            Installed.PATIENCE,
            () -> {
              Matcher m = RUNNING.matcher(duende.log());
              return m.find() && Integer.parseInt(m.group(1)) == size
                  ? Optional.of(Long.parseLong(m.group(2)))
                  : Optional.empty();
            });
    return took.orElseThrow(
        () -> new IllegalStateException(size + " daemons do not run within two minutes"));
  }
}
