package com.paiml.duende.adapter.wos.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * What preemption costs: the CPU time of CPU-bound modules with the question for it, over the same modules with it cut out.
 * Each figure is the median of several JVMs, with and without taking turns.
 */
final class Price {

  static final String RESULT = "median nanoseconds: ";

  private static final int FORKS = 5;
  private static final long DEADLINE_SECONDS = 120;

  /** Keeps the interpreter of SQLite busy, and its sorter and functions. */
  private static final String QUERY =
      "with recursive c(n) as (select 1 union all select n+1 from c where n<20000)"
          + " select sum(n*n%7), count(distinct n%1000), max(hex(n)) from c";

  private record Work(String name, List<String> command) {}

  private static final List<Work> ALL =
      List.of(
          new Work("primes", List.of("compute", "20", "primes")),
          new Work("matrix", List.of("compute", "40", "matrix")),
          new Work("checksum", List.of("compute", "30", "checksum")),
          new Work("recursion", List.of("compute", "300", "recursion")),
          new Work("SQLite", List.of("sqlite3", ":memory:", QUERY)));

  /**
   * The price of one module.
   *
   * @param with CPU time with the check in nanoseconds, of each JVM, sorted
   * @param without the same without the check
   */
  record Paid(String name, List<Long> with, List<Long> without) {

    double ratio() {
      return (double) with.get(FORKS / 2) / without.get(FORKS / 2);
    }

    String figures() {
      return String.format(
          Locale.ROOT, "%.3f: %s, without %s", ratio(), spread(with), spread(without));
    }

    private static String spread(List<Long> nanos) {
      return String.format(
          Locale.ROOT,
          "%.0f ms (%.0f to %.0f)",
          nanos.get(FORKS / 2) / 1e6,
          nanos.getFirst() / 1e6,
          nanos.getLast() / 1e6);
    }
  }

  private Price() {}

  static List<Paid> measure() throws IOException, InterruptedException {
    List<Paid> all = new ArrayList<>();
    for (Work work : ALL) {
      List<Long> with = new ArrayList<>();
      List<Long> without = new ArrayList<>();
      for (int i = 0; i < FORKS; i++) {
        with.add(fork("checked", work));
        without.add(fork("unchecked", work));
      }
      all.add(
          new Paid(
              work.name(), with.stream().sorted().toList(), without.stream().sorted().toList()));
    }
    return all;
  }

  static double geometricMean(List<Paid> all) {
    return Math.exp(all.stream().mapToDouble(p -> Math.log(p.ratio())).average().orElseThrow());
  }

  private static long fork(String variant, Work work) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                PriceFork.class.getName(),
                variant));
    command.addAll(work.command());
    Path output = Path.of("target", "price-fork.log");
    Process jvm =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      if (!jvm.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException(
            work.name() + ", " + variant + ": not done within " + DEADLINE_SECONDS + " s");
      }
    } finally {
      jvm.destroyForcibly();
    }
    String said = Files.readString(output, StandardCharsets.UTF_8);
    return said.lines()
        .filter(line -> line.startsWith(RESULT))
        .findFirst()
        .map(line -> Long.parseLong(line.substring(RESULT.length())))
        .orElseThrow(() -> new IllegalStateException(work.name() + ", " + variant + ": " + said));
  }
}
