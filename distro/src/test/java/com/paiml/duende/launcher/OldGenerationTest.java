package com.paiml.duende.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OldGenerationTest {
  private static final long MUCH = 160L << 20;

  /** Keeps each of many small things for a while; its exit status is 1 when what it kept no longer is not let go of. */
  static final class Churn {
    public static void main(String[] words) {
      try (OldGeneration _ = OldGeneration.watch()) {
        ArrayDeque<byte[]> kept = new ArrayDeque<>();
        for (int i = 0; i < 1 << 20; i++) {
          kept.add(new byte[1000]);
          if (kept.size() > 8 << 10) {
            byte[] _ = kept.remove();
          }
          awaitLessThanMuch(kept);
        }
      }
    }

    /** It is another thread that looks, and that may have to wait for a processor. */
    private static void awaitLessThanMuch(ArrayDeque<byte[]> kept) {
      long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
      Runtime jvm = Runtime.getRuntime();
      while (jvm.totalMemory() - jvm.freeMemory() > MUCH) {
        if (System.nanoTime() - end > 0) {
          System.exit(1);
        }
        kept.add(new byte[1000]);
        byte[] _ = kept.remove();
      }
    }
  }

  @Test
  void what_steady_work_leaves_behind_does_not_fill_the_heap() throws Exception {
    Process churn =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:+UseSerialGC",
                    "-Xms16m",
                    "-Xmx512m",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Churn.class.getName()))
            .redirectErrorStream(true)
            .start();
    try {
      assertTrue(churn.waitFor(5, TimeUnit.MINUTES), "it has not ended");
      String said = new String(churn.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, churn.exitValue(), said);
    } finally {
      churn.destroyForcibly();
    }
  }
}
