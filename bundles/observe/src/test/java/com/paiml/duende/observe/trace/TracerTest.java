package com.paiml.duende.observe.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.observe.Load;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import com.paiml.duende.spi.TraceSession.SyscallStats;
import com.paiml.duende.spi.TraceTarget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real program under each way of tracing that this machine permits. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TracerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** What is counted exactly may cost what it costs: a method that stops each call takes many times the call's own time. */
  private static final double NO_LIMIT = 1;

  private static final TraceOptions COUNTS =
      new TraceOptions(Set.of(), TraceOptions.Detail.COUNTS, NO_LIMIT);
  private static final TraceOptions SUMS =
      new TraceOptions(Set.of(), TraceOptions.Detail.SUMS, NO_LIMIT);
  private static final TraceOptions EVENTS =
      new TraceOptions(Set.of(), TraceOptions.Detail.EVENTS, NO_LIMIT);
  private static final TraceOptions STACKS =
      new TraceOptions(Set.of("getppid"), TraceOptions.Detail.STACKS, NO_LIMIT);

  @TempDir static Path folder;
  private static Path program;

  @BeforeAll
  static void compile() throws Exception {
    program = Load.compile(folder);
  }

  private static TraceSession attach(String method, TraceTarget target, TraceOptions options)
      throws DaemonException {
    try {
      return new SystemTracer(method).attach(target, options, Deadline.after(PATIENCE));
    } catch (DaemonException e) {
      assumeTrue(
          !e.code().equals(ErrorCode.PERMISSION_DENIED),
          method + " is not permitted here: " + e.getMessage());
      throw e;
    }
  }

  private static SyscallStats stats(TraceSession session, String name) throws Exception {
    return session.statistics().stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElse(new SyscallStats(name, 0, 0, 0, 0));
  }

  /** All calls of that kind: as many as are expected, however long a busy machine takes, and what may come after them. */
  private static List<SyscallEvent> drain(
      TraceSession session, Predicate<SyscallEvent> kind, long expected) throws Exception {
    List<SyscallEvent> all = new ArrayList<>();
    com.paiml.duende.testkit.Await.until(
        expected + " calls",
        PATIENCE,
        () -> {
          take(session).filter(kind).forEach(all::add);
          return all.size() >= expected;
        });
    take(session).filter(kind).forEach(all::add);
    return all;
  }

  private static Stream<SyscallEvent> take(TraceSession session) throws DaemonException {
    return session.events(10_000, Deadline.after(Duration.ofMillis(300))).stream();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ebpf", "ptrace"})
  void every_call_is_counted_with_its_errors_and_times(String method) throws Exception {
    try (Load load = Load.start(program, "errors", "1000");
        TraceSession session = attach(method, load.target(), SUMS)) {
      load.go();
      load.seconds();
      SyscallStats opened = stats(session, "openat");
      assertEquals(1000, opened.count(), session.method());
      assertEquals(1000, opened.errors());
      assertTrue(opened.totalNanos() > 100_000, opened.toString());
      assertTrue(opened.maxNanos() > 100 && opened.maxNanos() <= opened.totalNanos());
      assertEquals(0, session.lost());
      assertTrue(session.cost() > 0, "cost " + session.cost());
    }
  }

  @Test
  void what_is_only_counted_has_no_times_and_no_errors() throws Exception {
    try (Load load = Load.start(program, "errors", "1000");
        TraceSession session = attach("ebpf", load.target(), COUNTS)) {
      load.go();
      load.seconds();
      SyscallStats opened = stats(session, "openat");
      assertEquals(1000, opened.count(), session.method());
      assertEquals(SyscallStats.UNKNOWN, opened.errors());
      assertFalse(opened.isTimed(), opened.toString());
      assertTrue(session.method().contains("counts only"), session.method());
      assertEquals(0, session.lost());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ebpf", "ptrace"})
  void events_carry_arguments_results_and_times_in_order(String method) throws Exception {
    try (Load load = Load.start(program, "errors", "100");
        TraceSession session = attach(method, load.target(), EVENTS)) {
      load.go();
      load.seconds();
      List<SyscallEvent> opened = drain(session, e -> e.name().equals("openat"), 100);
      assertEquals(100, opened.size(), session.method());
      SyscallEvent first = opened.getFirst();
      assertTrue(
          first.arguments().startsWith("AT_FDCWD, \"/no/such/file\", O_RDWR|O_CLOEXEC"),
          first.arguments());
      assertEquals(-2, first.result());
      assertEquals(load.pid(), first.tid());
      assertTrue(first.tookNanos() > 0 && first.tookNanos() < PATIENCE.toNanos());
      for (int i = 1; i < opened.size(); i++) {
        assertTrue(opened.get(i).nanoTime() >= opened.get(i - 1).nanoTime());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ebpf", "ptrace"})
  void children_and_grandchildren_that_come_later_are_seen(String method) throws Exception {
    try (Load load = Load.start(program, "children", "20");
        TraceSession session = attach(method, load.target(), SUMS)) {
      load.go();
      load.seconds();
      assertEquals(20, stats(session, "getpgid").count(), session.statistics().toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ebpf", "ptrace"})
  void only_the_wanted_calls_are_reported(String method) throws Exception {
    TraceOptions one = new TraceOptions(Set.of("getppid"), TraceOptions.Detail.EVENTS, NO_LIMIT);
    try (Load load = Load.start(program, "line", "50");
        TraceSession session = attach(method, load.target(), one)) {
      load.go();
      load.seconds();
      assertEquals(50, drain(session, e -> true, 50).size());
      assertEquals(List.of("getppid"), session.statistics().stream().map(s -> s.name()).toList());
    }
  }

  @Test
  void a_call_leads_to_its_line() throws Exception {
    try (Load load = Load.start(program, "line", "3");
        TraceSession session = attach("ebpf", load.target(), STACKS)) {
      assumeTrue(
          !session.method().contains("not installed"), "addr2line (binutils) is not installed");
      load.go();
      load.seconds();
      List<SyscallEvent> events = drain(session, e -> true, 3);
      assertEquals(3, events.size());
      String known = "known_line \\(.*load.c:" + Load.line("KNOWN LINE") + "\\)";
      assertTrue(
          events.getFirst().stack().stream().anyMatch(f -> f.matches(known)),
          events.getFirst().stack().toString());
      assertTrue(
          events.getFirst().stack().stream().anyMatch(f -> f.startsWith("main (")),
          events.getFirst().stack().toString());
    }
  }

  @Test
  void sampling_sees_where_a_thread_waits() throws Exception {
    try (Load load = Load.start(program, "line");
        TraceSession session = attach("sampling", load.target(), SUMS)) {
      com.paiml.duende.testkit.Await.until(
          "samples of read", PATIENCE, () -> stats(session, "read").count() > 10);
      assertTrue(session.method().contains("samples of /proc"), session.method());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ebpf", "ptrace"})
  void a_storm_of_calls_is_kept_under_the_budget_and_what_is_lost_is_counted(String method)
      throws Exception {
    TraceOptions strict = new TraceOptions(Set.of(), TraceOptions.Detail.EVENTS, 0.02);
    try (Load load = Load.start(program, "bare", "12000000");
        TraceSession session = attach(method, load.target(), strict)) {
      load.go();
      long seen = 0;
      long until = System.nanoTime() + 3_000_000_000L;
      while (System.nanoTime() < until) {
        seen += session.events(50_000, Deadline.after(Duration.ofMillis(20))).size();
      }
      System.out.printf(
          "%s: seen %d, lost %d, cost %.4f%n",
          session.method(), seen, session.lost(), session.cost());
      assertTrue(session.lost() > 0, "lost " + session.lost());
      // Above it for the moments until the kernel has measured the first windows, on a busy machine
      // for longer.
      assertTrue(session.cost() < 5 * strict.budget(), "cost " + session.cost());
      assertTrue(
          method.equals("ptrace")
              || session.method().contains("part of the time")
              || session.method().contains("counts only"),
          session.method());
    }
  }

  @Test
  void what_nobody_takes_in_time_is_lost_and_counted_to_the_last_call() throws Exception {
    TraceOptions one = new TraceOptions(Set.of("getppid"), TraceOptions.Detail.EVENTS, NO_LIMIT);
    try (Load load = Load.start(program, "bare", "2000000");
        TraceSession session = attach("ebpf", load.target(), one)) {
      load.go();
      double seconds = load.seconds();
      long taken = drain(session, e -> true, 2_000_000 - session.lost()).size();
      System.out.printf(
          "%.0f calls a second, %d taken, %d lost%n", 2e6 / seconds, taken, session.lost());
      assertTrue(session.lost() > 0, "more than the ring holds");
      assertEquals(2_000_000, taken + session.lost());
      assertEquals(2_000_000, stats(session, "getppid").count());
    }
  }

  @Test
  void ten_thousand_threads_are_counted_each() throws Exception {
    try (Load load = Load.start(program, "crowd", "10000");
        TraceSession session = attach("ebpf", load.target(), SUMS)) {
      load.go();
      double seconds = load.seconds();
      assumeTrue(seconds > 0, "this machine does not allow 10 000 threads");
      // Threads with the same last bits of their numbers may displace each other, and are counted.
      long counted = stats(session, "getppid").count();
      assertTrue(
          counted <= 100_000 && counted + session.lost() >= 100_000,
          counted + " counted, " + session.lost() + " lost");
      assertTrue(counted >= 90_000, counted + " counted");
    }
  }

  @Test
  void a_stranger_with_the_number_of_a_process_that_has_ended_is_not_watched() throws Exception {
    Path last = Path.of("/proc/sys/kernel/ns_last_pid");
    assumeTrue(Files.isWritable(last), "this kernel does not let numbers be chosen");
    try (Load load = Load.start(program, "bare", "1000");
        TraceSession session = attach("ebpf", load.target(), SUMS)) {
      load.go();
      load.seconds();
      assertEquals(1000, stats(session, "getppid").count());
      load.close();
      com.paiml.duende.testkit.Await.until(
          "it is gone", PATIENCE, () -> ProcessHandle.of(load.pid()).isEmpty());
      try (Load stranger = Load.start(program, "become", Long.toString(load.pid()))) {
        stranger.go();
        assumeTrue(stranger.seconds() >= 0, "somebody else got the number");
      }
      assertEquals(1000, stats(session, "getppid").count());
    }
  }

  @Test
  void a_call_of_a_jvm_leads_to_its_java_method() throws Exception {
    Process java =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                Reading.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (TraceSession session =
        attach(
            "ebpf",
            new TraceTarget("java", List.of(java.pid()), ""),
            new TraceOptions(Set.of("pread64"), TraceOptions.Detail.STACKS, NO_LIMIT))) {
      List<String> frames = new ArrayList<>();
      com.paiml.duende.testkit.Await.until(
          "a frame of its method",
          PATIENCE,
          () -> {
            for (SyscallEvent call : session.events(100, Deadline.after(Duration.ofSeconds(1)))) {
              frames.addAll(call.stack());
            }
            return frames.stream()
                .anyMatch(f -> f.startsWith("java " + Reading.class.getName() + ".read_it("));
          });
    } finally {
      java.destroyForcibly().waitFor();
    }
  }

  /** A program in Java that makes system calls in one method. */
  public static final class Reading {
    private Reading() {}

    public static void main(String[] args) throws Exception {
      try (FileChannel file =
          FileChannel.open(Path.of(System.getProperty("java.home"), "release"))) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(64);
        while (read_it(file, bytes) > 0) {
          Thread.sleep(5);
        }
      }
    }

    private static int read_it(FileChannel file, ByteBuffer bytes) throws IOException {
      int most = 0;
      // Nearly all its time, so that it is found here whenever somebody looks.
      for (int i = 0; i < 1000; i++) {
        most = Math.max(most, file.read(bytes.clear(), 0));
      }
      return most;
    }
  }

  @Test
  void an_unknown_call_is_refused_by_name() throws Exception {
    try (Load load = Load.start(program, "line")) {
      DaemonException e =
          assertThrows(
              DaemonException.class,
              () ->
                  attach(
                      "auto",
                      load.target(),
                      new TraceOptions(Set.of("opn"), TraceOptions.Detail.SUMS, 0.05)));
      assertTrue(e.getMessage().contains("opn"), e.getMessage());
    }
  }

  @Test
  void a_process_that_is_gone_is_refused() {
    TraceTarget gone = new TraceTarget("gone", List.of(4_194_303L), "");
    DaemonException e =
        assertThrows(DaemonException.class, () -> attach("auto", gone, SUMS).close());
    assertEquals(ErrorCode.NOT_FOUND, e.code());
  }

  @ParameterizedTest
  @ValueSource(strings = {"ebpf", "ptrace", "sampling"})
  void the_daemon_may_end_while_it_is_traced(String method) throws Exception {
    try (Load load = Load.start(program, "bare", "1000")) {
      try (TraceSession session = attach(method, load.target(), EVENTS)) {
        load.go();
        load.seconds();
        load.close();
        com.paiml.duende.testkit.Await.until(
            "it is gone", PATIENCE, () -> ProcessHandle.of(load.pid()).isEmpty());
        session.statistics();
        session.events(10, Deadline.after(Duration.ofMillis(50)));
      }
    }
  }
}
