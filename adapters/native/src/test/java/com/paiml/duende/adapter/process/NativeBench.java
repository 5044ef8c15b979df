package com.paiml.duende.adapter.process;

import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Figures, not tests: {@code NativeBench kill PROGRAM ROUNDS | programs PROGRAM COUNT | objects COUNT}. The program writes the
 * monotonic time of its first instruction, in nanoseconds, as a line to the file that is its argument, and then waits.
 */
@SuppressWarnings("AnnotateFormatMethod")
final class NativeBench {
  private NativeBench() {}

  public static void main(String[] args) throws Exception {
    Path folder = Files.createTempDirectory("duende-bench");
    try (Lab lab = new Lab(folder)) {
      switch (args[0]) {
        case "kill" -> kill(lab, args[1], Integer.parseInt(args[2]));
        case "programs" -> programs(lab, args[1], Integer.parseInt(args[2]));
        case "objects" -> objects(lab, Integer.parseInt(args[1]));
        default -> throw new IllegalArgumentException(args[0]);
      }
    }
  }

  private static void kill(Lab lab, String program, int rounds) throws Exception {
    Path times = lab.folder.resolve("times");
    Files.createFile(times);
    DaemonHandle now = lab.adapter.spawn(spec(lab, program, times), lab.heard, Lab.soon());
    long seen = await(times, 0);
    double[] millis = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      Thread.sleep(5);
      LaunchSpec next = spec(lab, program, times);
      DaemonHandle old = now;
      DaemonHandle[] fresh = new DaemonHandle[1];
      var started =
          lab.adapter
              .exit(old)
              .thenAccept(
                  reason -> {
                    try {
                      fresh[0] = lab.adapter.spawn(next, lab.heard, Lab.soon());
                    } catch (com.paiml.duende.api.DaemonException e) {
                      throw new IllegalStateException(e);
                    }
                  })
              .toCompletableFuture();
      long begin = System.nanoTime();
      lab.adapter.signal(old, Signal.KILL, Lab.soon());
      long end = await(times, seen);
      started.get();
      millis[i] = (end - begin) / 1e6;
      seen = end;
      now = fresh[0];
    }
    lab.adapter.kill(now, Lab.soon());
    Arrays.sort(millis);
    print(
        "adapter, kill to next main: median %.2f ms p95 %.2f ms",
        millis[rounds / 2], millis[rounds * 95 / 100]);
  }

  private static LaunchSpec spec(Lab lab, String program, Path times) throws IOException {
    return lab.program("svc", program, times.toString());
  }

  private static long await(Path times, long after) throws Exception {
    while (true) {
      List<String> lines = Files.readAllLines(times);
      if (!lines.isEmpty() && Long.parseLong(lines.getLast()) > after) {
        return Long.parseLong(lines.getLast());
      }
      Thread.sleep(0, 200_000);
    }
  }

  private static void programs(Lab lab, String program, int count) throws Exception {
    List<LaunchSpec> specs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      specs.add(lab.program("svc" + i, program));
    }
    long begin = System.nanoTime();
    for (LaunchSpec spec : specs) {
      lab.start(spec);
    }
    print("%d programs started in %.2f s", count, (System.nanoTime() - begin) / 1e9);
    idle();
  }

  private static void objects(Lab lab, int count) throws Exception {
    List<LaunchSpec> specs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      specs.add(lab.object("object" + i, Objects::idle));
    }
    long begin = System.nanoTime();
    for (LaunchSpec spec : specs) {
      lab.start(spec);
    }
    print("%d objects started in %.2f s", count, (System.nanoTime() - begin) / 1e9);
    idle();
    begin = System.nanoTime();
    lab.adapter.deactivate();
    print("all shut down in %.2f s", (System.nanoTime() - begin) / 1e9);
  }

  private static void idle() throws Exception {
    System.gc();
    Thread.sleep(Duration.ofSeconds(5));
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpu = system.getProcessCpuTime();
    long begin = System.nanoTime();
    Thread.sleep(Duration.ofSeconds(10));
    double share =
        100.0 * (system.getProcessCpuTime() - cpu) / (double) (System.nanoTime() - begin);
    String rollup = Files.readString(Path.of("/proc/self/smaps_rollup"));
    print(
        "idle: %.3f %% of a core, RSS %d MB, PSS %d MB, %d threads",
        share,
        kilobytes(rollup, "Rss:") / 1024,
        kilobytes(rollup, "Pss:") / 1024,
        Thread.getAllStackTraces().size());
  }

  private static long kilobytes(String text, String key) {
    return text.lines()
        .filter(l -> l.startsWith(key))
        .mapToLong(l -> Long.parseLong(l.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElse(0);
  }

  private static void print(String format, Object... values) {
    System.out.println(String.format(Locale.ROOT, format, values));
  }
}
