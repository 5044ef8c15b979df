package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.ProcCensus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Looking at 1000 processes once a second: the container's monitor as it comes, and other monitors that write what they see,
 * all at the same processes.
 */
final class MonitorScenario implements Scenario {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration WARM_UP = Duration.ofSeconds(20);
  private static final String MONITOR = "duende-monitor";

  @Override
  public String name() {
    return "monitor";
  }

  @Override
  public String description() {
    return "1000 processes looked at once a second: processor time, beside top and pidstat";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    int count = 1000;
    Duration time = Duration.ofSeconds(setting.quick() ? 10 : 30);
    List<Figure> figures = new ArrayList<>();
    try (Installed duende = setting.install()) {
      duende.up();
      long pid = duende.container().orElseThrow().pid();
      String marker = duende.mark().substring(duende.mark().indexOf('=') + 1);
      Path file =
          duende.daemonFile(
              "crowd",
              String.format(
                  Locale.ROOT,
                  """
                  name = "crowd"
                  binary_path = "/bin/sleep"
                  args = ["86400"]
                  instances = %d
                  env = ["%s"]
                  """,
                  count,
                  duende.mark()));
      String _ = duende.call("deploy", file.toString()).ok();
      Await.until(
          count + " programs run", PATIENCE, () -> new ProcCensus().pids(marker).size() >= count);
      setting.tell("  Duende");
      Thread.sleep(WARM_UP);
      measure(figures, count + " idle programs, nobody reads", pid, time);
      // Somebody reads: all of them are looked at in every second.
      Path shown = duende.data().resolve("top");
      Process top = duende.start(shown, shown, "top", "-i", "1s", "-n", "3600");
      try {
        Thread.sleep(Duration.ofSeconds(3));
        measure(figures, what(count), pid, time);
      } finally {
        Process _ = top.destroyForcibly();
      }
      rival(setting, figures, count, time, "top", List.of("top", "-b", "-d", "1"));
      rival(setting, figures, count, time, "pidstat", List.of("pidstat", "-p", "ALL", "1"));
    }
    return figures;
  }

  private void rival(
      Setting setting,
      List<Figure> figures,
      int count,
      Duration time,
      String who,
      List<String> command)
      throws Exception {
    if (Programs.find(who).isEmpty()) {
      figures.add(Figure.none(name(), what(count), who, "not installed"));
      return;
    }
    setting.tell("  " + who);
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      Path tasks = Path.of("/proc/" + process.pid() + "/task");
      Thread.sleep(Duration.ofSeconds(3));
      long before = nanos(tasks);
      Thread.sleep(time);
      add(figures, what(count), who, nanos(tasks) - before, time, String.join(" ", command));
    } finally {
      Process _ = process.destroyForcibly();
    }
  }

  private void measure(List<Figure> figures, String what, long pid, Duration time)
      throws Exception {
    long container = nanos(Path.of("/proc/" + pid + "/task"));
    long monitor = nanos(thread(pid));
    Thread.sleep(time);
    long monitored = nanos(thread(pid)) - monitor;
    long contained = nanos(Path.of("/proc/" + pid + "/task")) - container;
    add(figures, what, Figure.DUENDE, monitored, time, "the thread that looks");
    add(figures, what, "duende, the whole container", contained, time, "with all it does");
  }

  private static String what(int count) {
    return count + " processes at 1 Hz";
  }

  private void add(
      List<Figure> figures, String what, String who, long nanos, Duration time, String note) {
    figures.add(Figure.of(name(), what, who, 100.0 * nanos / time.toNanos(), "% of a core", note));
  }

  /** {@code se.sum_exec_runtime} of a thread, or of all threads in a folder: exact, where stat has hundredths of a second. */
  private static long nanos(Path of) throws IOException {
    if (!of.endsWith("task")) {
      return Long.parseLong(Files.readString(of.resolve("schedstat")).split(" ")[0]);
    }
    long sum = 0;
    try (Stream<Path> threads = Files.list(of)) {
      for (Path thread : threads.toList()) {
        sum += nanos(thread);
      }
    }
    return sum;
  }

  private static Path thread(long pid) throws IOException {
    try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid + "/task"))) {
      for (Path thread : threads.toList()) {
        if (Files.readString(thread.resolve("comm")).strip().equals(MONITOR)) {
          return thread;
        }
      }
    }
    throw new IllegalStateException("the container has no thread " + MONITOR);
  }
}
