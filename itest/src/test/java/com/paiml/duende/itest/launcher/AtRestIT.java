package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.systemd.Systemd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A container that has nothing to do does nothing, by the kernel's word: how often its threads have slept, and how often it has
 * read anything. A busy machine makes neither more.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AtRestIT {
  /** Of one thread: the JVM's own wake up to twice in that time. */
  private static final long MOST_SLEEPS = 3;

  /** Comes every half minute, and then sleeps several times: as the kernel has its name. */
  private static final String TRIMMER = "Native Heap Tri";

  /** Of the whole container, whatever it has: fewer than it has units. */
  private static final long MOST_READS = 40;

  private static final int UNITS = 60;
  private static final long WINDOW_SECONDS = 10;

  /** Without pauses that grow, 60 units are looked at every 15 seconds. */
  private static final long LONG_WINDOW_SECONDS = 25;

  /** First looks, compilers and what they leave behind take their time. */
  private static final long PATIENCE_SECONDS = 400;

  @TempDir Path folder;
  private Installation duende;
  private Systemd systemd;

  @AfterEach
  void end() throws Exception {
    if (duende != null) {
      duende.close();
    }
    if (systemd != null) {
      systemd.close();
    }
  }

  @Test
  void without_a_daemon_no_thread_is_woken_more_than_now_and_then() throws Exception {
    duende = Installation.of(folder.resolve("d"));
    up();
    rests(WINDOW_SECONDS, MOST_READS);
  }

  @Test
  void beside_units_that_do_nothing_it_reads_less_than_a_file_for_each() throws Exception {
    try {
      systemd = Systemd.boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
    duende = Installation.of(Files.createTempDirectory(systemd.shared(), "r"));
    duende.set("DUENDE_JAVA_OPTS", "-Dduende.systemd.bus=" + systemd.busAddress());
    up();
    Path file = folder.resolve("crowd.toml");
    Files.writeString(
        file,
        """
        name = "crowd"
        platform = "systemd"
        binary_path = "/bin/sleep"
        args = ["86400"]
        instances = %d
        """
            .formatted(UNITS));
    Installation.Answer deployed = duende.call("deploy", file.toString());
    assertEquals(0, deployed.status(), deployed.text());
    rests(LONG_WINDOW_SECONDS, MOST_READS);
  }

  private void up() throws Exception {
    Installation.Answer up = duende.call("up");
    assertEquals(0, up.status(), up.text());
  }

  /** Waits for a time in which it did next to nothing. */
  private void rests(long seconds, long mostReads) throws Exception {
    Path process = Path.of("/proc/" + duende.container().orElseThrow().pid());
    long mostSleeps = MOST_SLEEPS * seconds / WINDOW_SECONDS;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    List<String> found = new ArrayList<>();
    while (System.nanoTime() - end < 0) {
      Map<String, Long> before = sleeps(process);
      long reads = reads(process);
      long begin = System.nanoTime();
      TimeUnit.SECONDS.sleep(seconds);
      long passed = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
      long more = reads(process) - reads;
      Map<String, Long> woken = new TreeMap<>();
      sleeps(process)
          .forEach(
              (thread, now) -> {
                long times = now - before.getOrDefault(thread, 0L);
                // On a starved machine the time was longer.
                if (times * seconds > mostSleeps * passed && !thread.startsWith(TRIMMER)) {
                  woken.put(thread, times);
                }
              });
      if (woken.isEmpty() && more <= mostReads) {
        return;
      }
      found.add(more + " reads; woken more than " + mostSleeps + " times: " + woken);
    }
    fail("in no " + seconds + " seconds it rested:\n" + String.join("\n", found));
  }

  private static long reads(Path process) throws IOException {
    return figure(Files.readAllLines(process.resolve("io")), "syscr:");
  }

  /** By name and number of each thread. */
  private static Map<String, Long> sleeps(Path process) throws IOException {
    Map<String, Long> all = new TreeMap<>();
    try (Stream<Path> threads = Files.list(process.resolve("task"))) {
      for (Path thread : threads.toList()) {
        try {
          List<String> status = Files.readAllLines(thread.resolve("status"));
          all.put(
              status.getFirst().replace("Name:\t", "") + " " + thread.getFileName(),
              figure(status, "voluntary_ctxt_switches:"));
        } catch (IOException ended) {
          // Since it was listed.
        }
      }
    }
    return all;
  }

  private static long figure(List<String> lines, String name) {
    return lines.stream()
        .filter(l -> l.startsWith(name))
        .mapToLong(l -> Long.parseLong(l.substring(name.length()).strip()))
        .findFirst()
        .orElseThrow();
  }
}
