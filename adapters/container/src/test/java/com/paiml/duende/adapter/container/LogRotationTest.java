package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.LogConfig;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** containerd only writes: that a log stays within its bounds is left to the adapter. */
class LogRotationTest {
  private static final int LINES = 20_000;
  private static final int MAX = 64 << 10;
  private static final int KEEP = 3;

  /** Half of the lines, and the other half once a file is there. */
  private static final String SCRIPT =
      "say() { i=$1; while [ $i -le $2 ]; do echo \"line $i of a log that has its bounds\";"
          + " i=$((i+1)); done; }; say 1 10000; while [ ! -e /tmp/go ]; do sleep 0.1; done;"
          + " say 10001 20000; sleep 3600";

  @TempDir Path folder;

  private static int number(String line) {
    return Integer.parseInt(line.split(" ", -1)[1]);
  }

  private static Set<String> files(LaunchSpec spec) throws Exception {
    try (Stream<Path> all = Files.list(spec.logFile().getParent())) {
      return new TreeSet<>(all.map(f -> f.getFileName().toString()).toList());
    }
  }

  private static void awaitLast(Bench bench, DaemonHandle handle, int last) throws Exception {
    Await.until(
        "line " + last + " is there, and older ones are gone",
        Bench.PATIENCE,
        () -> {
          List<String> lines = bench.log(handle);
          long bytes = lines.stream().mapToLong(l -> l.length() + 1).sum();
          return !lines.isEmpty()
              && number(lines.getLast()) == last
              && bytes <= (KEEP + 1) * (long) MAX;
        });
  }

  @Test
  void given_a_daemon_that_says_more_than_its_log_holds_then_the_newest_lines_are_kept_whole()
      throws Exception {
    try (Bench bench = new Bench("containerd", folder)) {
      LaunchSpec spec =
          bench.shell(
              "talks",
              SCRIPT,
              b -> b.log(new LogConfig(MAX, KEEP)).written(Set.of("log.max_size", "log.keep")));
      DaemonHandle handle = bench.start(spec, new RecordedEvents());
      awaitLast(bench, handle, LINES / 2);

      // Whoever comes after us goes on with it, under the same writer.
      bench.adapter.deactivate();
      bench.adapter = bench.fresh();
      assertTrue(
          bench.adapter.recover(handle, spec, new RecordedEvents(), Bench.deadline())
              instanceof Recovery.Running);
      assertEquals(
          0, bench.adapter.exec(handle, List.of("/bin/touch", "/tmp/go"), Bench.deadline()).code());
      awaitLast(bench, handle, LINES);

      List<String> lines = bench.log(handle);
      for (int i = 1; i < lines.size(); i++) {
        assertEquals(number(lines.get(i - 1)) + 1, number(lines.get(i)), "no line is missing");
      }
      long bytes = lines.stream().mapToLong(l -> l.length() + 1).sum();
      assertTrue(
          bytes > (KEEP - 1) * (long) MAX, () -> "no more was dropped than had to be: " + bytes);
      assertEquals(Set.of("talks.log", "talks.log.1", "talks.log.2", "talks.log.3"), files(spec));
      bench.adapter.kill(handle, Bench.deadline());
      bench.adapter.destroy(handle, Bench.deadline());
    }
  }
}
