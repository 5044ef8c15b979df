package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The programs in C that the tests compile, and the figures of pairs that ran beside each other. */
final class Rival {
  private Rival() {}

  /**
   * Compiles a program of {@code src/test/c}, linked statically so that it runs in the guest too.
   *
   * @throws Missing when there is no C compiler
   */
  static Path compile(String name, Path folder) throws Exception {
    Path program = folder.resolve(name);
    Command.Result built =
        Command.run(
            Duration.ofMinutes(5),
            List.of(
                Command.need("gcc", "gcc").toString(),
                "-O2",
                "-static",
                "-o",
                program.toString(),
                "src/test/c/" + name + ".c"));
    assertTrue(built.ok() && Files.isExecutable(program), built.output());
    return program;
  }

  /** The one in the middle. */
  static double median(double... figures) {
    double[] sorted = figures.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** A line of the table: what, the rival's median, Duende's, and the median of the pairs' ratios with the least and the most. */
  static String line(String what, String rival, double[] theirs, double[] ours, String unit) {
    double[] ratios = new double[ours.length];
    for (int i = 0; i < ours.length; i++) {
      ratios[i] = ours[i] / theirs[i];
    }
    return String.format(
        Locale.ROOT,
        "%s | %s %.1f | Duende %.1f %s | ratio %.2f (%.2f to %.2f of %d pairs)",
        what,
        rival,
        median(theirs),
        median(ours),
        unit,
        median(ratios),
        Arrays.stream(ratios).min().orElseThrow(),
        Arrays.stream(ratios).max().orElseThrow(),
        ratios.length);
  }

  /** How busy the host is, for beside the figures. */
  static String load() throws Exception {
    return "load of the machine " + Files.readString(Path.of("/proc/loadavg")).trim();
  }
}
