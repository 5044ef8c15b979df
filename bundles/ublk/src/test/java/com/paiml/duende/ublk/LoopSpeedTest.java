package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.ublk.inside.NopLoop;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The queue's loop on this machine's own kernel, on entries that do nothing, in Java and in C in turns. Prints; a ratio is no
 * reason to fail, for it is the machine's too.
 *
 * <p>Both live as long as each other, on the same processor, and take short slices in turn, each after a shorter one that has
 * its data in the caches again: the processor's speed drifts by a half within seconds. Where the memory of a process lies makes
 * a few hundredths, so each figure is of several processes.
 */
@Tag("long")
class LoopSpeedTest {
  private static final int PAIRS = Integer.getInteger("ublk.pairs", 21);
  private static final int JVMS = Integer.getInteger("ublk.jvms", 3);
  private static final int WARM_MILLIS = 250;
  private static final int WARM_SLICES = 6;
  private static final int SLICE_MILLIS = 24;

  @TempDir Path folder;

  /** One of the two loops, which waits for what it is to do next. */
  private record Loop(Process process, Writer ask, BufferedReader answers)
      implements AutoCloseable {
    static Loop start(List<String> command) throws IOException {
      List<String> pinned = new ArrayList<>(List.of("taskset", "-c", "0"));
      pinned.addAll(command);
      Process process =
          new ProcessBuilder(pinned).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      return new Loop(process, process.outputWriter(), process.inputReader());
    }

    /** Nanoseconds for each entry. */
    double run(String shape, int millis) throws IOException {
      ask.write(shape + " " + millis + "\n");
      ask.flush();
      String answer = answers.readLine();
      assertTrue(answer != null, "the loop ended: " + process);
      return Double.parseDouble(answer);
    }

    double slice(String shape) throws IOException {
      double _ = run(shape, SLICE_MILLIS / 4);
      return run(shape, SLICE_MILLIS);
    }

    @Override
    public void close() {
      Process _ = process.destroyForcibly();
    }
  }

  @Test
  void the_loop_in_java_beside_the_loop_in_c() throws Exception {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "io_uring is Linux's");
    Path rival;
    try {
      rival = Rival.compile("rival", folder);
      Path _ = Command.need("taskset", "util-linux");
    } catch (Missing missing) {
      abort(missing.getMessage());
      throw missing;
    }
    Command.Result tried =
        Command.run(Duration.ofMinutes(1), List.of("sh", "-c", "echo 1 0 1 | '" + rival + "' nop"));
    assumeTrue(tried.ok(), "io_uring cannot be used here: " + tried.output());
    System.out.println("ublk loop: " + Rival.load());
    Map<String, List<Double>> medians = new LinkedHashMap<>();
    for (int i = 0; i < JVMS; i++) {
      try (Loop c = Loop.start(List.of(rival.toString(), "nop"));
          Loop java = Loop.start(java())) {
        for (String shape : List.of("1 0", "1 4096", "4 4096", "32 4096")) {
          medians.computeIfAbsent(shape, _ -> new ArrayList<>()).add(pairs(shape, c, java));
        }
      }
    }
    medians.forEach(
        (shape, each) -> {
          double[] ratios = each.stream().mapToDouble(Double::doubleValue).sorted().toArray();
          System.out.println(
              String.format(
                  Locale.ROOT,
                  "ublk loop: %s | ratio %.3f, the median of %d JVMs (%.3f to %.3f)",
                  title(shape),
                  Rival.median(ratios),
                  JVMS,
                  ratios[0],
                  ratios[ratios.length - 1]));
        });
  }

  private static double pairs(String shape, Loop c, Loop java) throws IOException {
    for (int i = 0; i < WARM_SLICES; i++) {
      double _ = java.run(shape, WARM_MILLIS); // compiles
    }
    double[] theirs = new double[PAIRS];
    double[] ours = new double[PAIRS];
    double[] ratios = new double[PAIRS];
    double before = c.slice(shape);
    for (int i = 0; i < PAIRS; i++) {
      ours[i] = java.slice(shape);
      theirs[i] = c.slice(shape);
      ratios[i] = 2 * ours[i] / (before + theirs[i]);
      before = theirs[i];
    }
    System.out.println("ublk loop: " + Rival.line(title(shape), "C", theirs, ours, "ns/entry"));
    return Rival.median(ratios);
  }

  private static String title(String shape) {
    String[] words = shape.split(" ");
    return "batch " + words[0] + ", copy " + words[1];
  }

  private static List<String> java() {
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(Disk.FLAGS);
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            NopLoop.class.getName()));
    return command;
  }
}
