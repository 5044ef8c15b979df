package com.paiml.duende.observe.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.observe.Load;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.testkit.Await;
import java.io.BufferedReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A tracer that is killed leaves nothing behind, and its daemon goes on. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TracerDeathTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;

  /** The victim: attaches to the process of the first argument by the way of the second, says so, and waits. */
  public static final class Victim {
    public static void main(String[] args) throws Exception {
      try (TraceSession session =
          new SystemTracer(args[1])
              .attach(
                  new com.paiml.duende.spi.TraceTarget(
                      "load", java.util.List.of(Long.parseLong(args[0])), ""),
                  new TraceOptions(Set.of(), TraceOptions.Detail.EVENTS, 1),
                  Deadline.after(PATIENCE))) {
        System.out.println("attached: " + session.method());
        while (true) {
          session.events(1000, Deadline.after(Duration.ofSeconds(1)));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ebpf", "ptrace"})
  void a_tracer_that_is_killed_leaves_nothing_behind(String method) throws Exception {
    Path program = Load.compile(folder);
    try (Load load = Load.start(program, "realistic", "100000000")) {
      Set<Integer> before = programs();
      Set<Integer> its = new HashSet<>();
      Process victim =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Victim.class.getName(),
                  Long.toString(load.pid()),
                  method)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      try (BufferedReader out = victim.inputReader(StandardCharsets.UTF_8)) {
        String said = out.readLine();
        assumeTrue(said != null && said.startsWith("attached"), method + " is not permitted here");
        load.go();
        if (method.equals("ebpf")) {
          its.addAll(programs());
          its.removeAll(before);
          assertTrue(its.size() >= 3, "its programs are there: " + its);
        } else {
          assertTrue(status(load.pid(), "TracerPid:") > 0, "it is traced");
        }
      } finally {
        victim.destroyForcibly().waitFor();
      }
      Await.until(
          "nobody traces it, and it computes",
          PATIENCE,
          () -> status(load.pid(), "TracerPid:") == 0 && isRunnable(load.pid()));
      // The kernel frees programs a moment after the last descriptor is closed.
      Await.until(
          "its programs are gone", PATIENCE, () -> programs().stream().noneMatch(its::contains));
      long ticks = ticks(load.pid());
      Await.until("it goes on", PATIENCE, () -> ticks(load.pid()) > ticks);
      assertEquals(0, status(load.pid(), "TracerPid:"));
    }
  }

  private static boolean isRunnable(long pid) throws Exception {
    return Files.readString(Path.of("/proc/" + pid + "/status")).contains("\nState:\tR");
  }

  private static long status(long pid, String key) throws Exception {
    String text = Files.readString(Path.of("/proc/" + pid + "/status"));
    return Long.parseLong(text.substring(text.indexOf(key) + key.length()).strip().split("\\s")[0]);
  }

  /** Processor time, in ticks: it grows only while the process is not stopped. */
  private static long ticks(long pid) throws Exception {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] field = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(field[11]) + Long.parseLong(field[12]);
  }

  /** The programs that this kernel holds, by BPF_PROG_GET_NEXT_ID. */
  private static Set<Integer> programs() {
    Set<Integer> ids = new HashSet<>();
    if (!(Linux.detect() instanceof Linux.Here(Linux linux))) {
      return ids;
    }
    int bpf = linux.systemCalls().number("bpf").orElseThrow();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(128, 8);
      while (linux.rawCalls().call(bpf, 11, attr.address(), 128) == 0) {
        int id = attr.get(ValueLayout.JAVA_INT, 4);
        ids.add(id);
        attr.set(ValueLayout.JAVA_INT, 0, id);
      }
      return ids;
    }
  }
}
