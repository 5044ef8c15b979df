package com.paiml.duende.observe.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.observe.analysis.AntiPatterns.Kind;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** Habits and critical paths of calls that are written down here. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class PathTest {
  private static final long MS = 1_000_000;

  private static SyscallEvent call(
      long thread, String name, String arguments, long result, long endMs, long tookMs) {
    return new SyscallEvent(endMs * MS, thread, name, arguments, result, tookMs * MS, List.of());
  }

  private static List<Kind> kinds(List<SyscallEvent> events) {
    return AntiPatterns.find(events).stream().map(AntiPatterns.Finding::kind).toList();
  }

  private static List<SyscallEvent> series(int count, long periodNanos, String name, long result) {
    List<SyscallEvent> events = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      events.add(new SyscallEvent(i * periodNanos, 1, name, "", result, 500, List.of()));
    }
    return events;
  }

  @Test
  void a_thousand_times_the_same_call_is_a_tight_loop() {
    assertEquals(List.of(Kind.TIGHT_LOOP), kinds(series(1000, 10_000, "getppid", 7)));
    assertEquals(List.of(), kinds(series(999, 10_000, "getppid", 7)));
    assertEquals(List.of(), kinds(series(1500, 2 * MS, "getppid", 7)), "slow");
  }

  @Test
  void empty_polls_and_reads_in_short_order_are_busy_polling() {
    assertEquals(List.of(Kind.BUSY_POLLING), kinds(series(100, MS, "epoll_wait", 0)));
    assertEquals(List.of(Kind.BUSY_POLLING), kinds(series(100, MS, "read", -11)));
    assertEquals(List.of(), kinds(series(100, MS, "epoll_wait", 1)), "something has come");
    assertEquals(List.of(), kinds(series(100, 100 * MS, "epoll_wait", 0)), "seldom");
  }

  @Test
  void waiting_for_a_lock_most_of_the_time_is_contention() {
    List<SyscallEvent> events = new ArrayList<>();
    for (int i = 1; i <= 50; i++) {
      events.add(call(1, "futex", "0x7f00, FUTEX_WAIT_PRIVATE, 2", 0, 10L * i, 8));
    }
    var found = AntiPatterns.find(events);
    assertEquals(Kind.LOCK_CONTENTION, found.getFirst().kind());
    assertTrue(found.getFirst().detail().contains("0x7f00"), found.toString());
  }

  @Test
  void memory_taken_and_given_back_in_short_order_is_churn() {
    List<SyscallEvent> events = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      events.add(call(1, i % 2 == 0 ? "mmap" : "munmap", "", 0, i, 0));
    }
    assertEquals(List.of(Kind.MEMORY_CHURN), kinds(events));
  }

  @Test
  void quiet_recordings_have_no_findings_and_no_path() {
    assertEquals(List.of(), AntiPatterns.find(List.of()));
    assertTrue(CriticalPath.of(List.of()).bottleneck().isEmpty());
  }

  /** Thread 1 waits for the lock that thread 2 holds over a slow fsync. */
  @Test
  void the_path_goes_through_the_lock_to_who_held_it() {
    List<SyscallEvent> events =
        List.of(
            call(2, "read", "3", 5, 10, 1),
            call(2, "fsync", "4", 0, 90, 79),
            call(2, "futex", "0xabc, FUTEX_WAKE_PRIVATE, 1", 1, 91, 0),
            call(1, "futex", "0xabc, FUTEX_WAIT_PRIVATE, 2", 0, 91, 80),
            call(1, "write", "1", 6, 95, 1));
    CriticalPath path = CriticalPath.of(events);
    var worst = path.bottleneck().orElseThrow();
    assertEquals("fsync", worst.what(), path.segments().toString());
    assertEquals(2, worst.thread());
    assertTrue(worst.share() > 0.8, worst.toString());
  }

  @Test
  void computing_between_calls_is_found_as_such() {
    List<SyscallEvent> events =
        List.of(call(1, "read", "0", 1, 10, 1), call(1, "write", "1", 1, 110, 1));
    var worst = CriticalPath.of(events).bottleneck().orElseThrow();
    assertEquals("computing", worst.what());
    assertTrue(worst.share() > 0.9, worst.toString());
  }

  @Test
  void who_waits_for_a_child_waits_for_what_the_child_does() {
    List<SyscallEvent> events =
        List.of(
            call(1, "openat", "", 3, 5, 1),
            call(1, "clone", "", 2, 10, 1),
            call(2, "read", "3", 5, 12, 1),
            call(2, "fsync", "4", 0, 200, 180),
            call(1, "wait4", "2", 2, 201, 190));
    var path = CriticalPath.of(events);
    var worst = path.bottleneck().orElseThrow();
    assertEquals("fsync", worst.what(), path.segments().toString());
    assertEquals(2, worst.thread());
    assertEquals(1, path.segments().getFirst().thread(), path.segments().toString());
    assertEquals("openat", path.segments().getFirst().what(), path.segments().toString());
  }

  @Test
  void a_reader_of_a_pipe_waits_for_the_writer() {
    List<SyscallEvent> events =
        List.of(
            call(2, "openat", "", 3, 5, 1),
            call(2, "write", "7", 1, 100, 0),
            call(1, "read", "6", 1, 100, 99));
    var worst = CriticalPath.of(events).bottleneck().orElseThrow();
    assertEquals(2, worst.thread());
    assertEquals("computing", worst.what());
  }
}
