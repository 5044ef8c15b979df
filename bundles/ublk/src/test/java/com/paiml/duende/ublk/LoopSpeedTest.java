package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.ublk.inside.NopLoop;
import java.io.BufferedReader;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The queue's loop on this machine's own kernel, on entries that do nothing, in Java and in C in turns. Prints; a ratio is no
 * reason to fail, for it is the machine's too.
 */
@Tag("long")
class LoopSpeedTest {
  private static final int PAIRS = Integer.getInteger("ublk.pairs", 9);
  private static final String MILLIS = "300";

  @TempDir Path folder;

  @Test
  void the_loop_in_java_beside_the_loop_in_c() throws Exception {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "io_uring is Linux's");
    Path rival;
    try {
      rival = Rival.compile("rival", folder);
    } catch (Missing missing) {
      abort(missing.getMessage());
      throw missing;
    }
    Command.Result tried =
        Command.run(Duration.ofMinutes(1), List.of(rival.toString(), "nop", "1", "0", "1"));
    assumeTrue(tried.ok(), "io_uring cannot be used here: " + tried.output());
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
    Process java =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (Writer ask = java.outputWriter();
        BufferedReader answers = java.inputReader()) {
      System.out.println("ublk loop: " + Rival.load());
      for (String shape : List.of("1 0", "1 4096", "4 4096", "32 4096")) {
        double first = java(ask, answers, shape, "3000"); // compiles
        assertTrue(first > 0);
        double[] theirs = new double[PAIRS];
        double[] ours = new double[PAIRS];
        for (int i = 0; i < PAIRS; i++) {
          theirs[i] = c(rival, shape);
          ours[i] = java(ask, answers, shape, MILLIS);
        }
        String[] words = shape.split(" ");
        System.out.println(
            "ublk loop: "
                + Rival.line(
                    "batch " + words[0] + ", copy " + words[1], "C", theirs, ours, "ns/entry"));
      }
    } finally {
      Process _ = java.destroyForcibly();
    }
  }

  private static double c(Path rival, String shape) throws Exception {
    Command.Result result =
        Command.run(
            Duration.ofMinutes(1),
            List.of(rival.toString(), "nop", shape.split(" ")[0], shape.split(" ")[1], MILLIS));
    assertTrue(result.ok(), result.output());
    return Double.parseDouble(result.output().trim());
  }

  private static double java(Writer ask, BufferedReader answers, String shape, String millis)
      throws Exception {
    ask.write(shape + " " + millis + "\n");
    ask.flush();
    String answer = answers.readLine();
    assertTrue(answer != null, "the loop in Java ended");
    return Double.parseDouble(answer);
  }
}
