package com.paiml.duende.observe.command;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.observe.record.Recording;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import com.paiml.duende.spi.TraceSession.SyscallStats;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TraceReportTest {

  private static String report(SyscallEvent... events) {
    return TraceReport.of(
        new Recording(
            "web",
            "by hand",
            Instant.EPOCH,
            1_000_000_000,
            0.01,
            0,
            List.of(new SyscallStats("read", 3, 0, 6_000, 3_000)),
            List.of(events)));
  }

  private static SyscallEvent read(long at, long took, String... stack) {
    return new SyscallEvent(at, 7, "read", "3", 1, took, List.of(stack));
  }

  @Test
  void where_in_the_source_calls_come_from_is_told_the_longest_first() {
    String text =
        report(
            read(1_000, 1_000, "__read (libc.so.6+0x1149cd)", "quick (a.c:3)", "main (a.c:9)"),
            read(9_000, 3_000, "__read (libc.so.6+0x1149cd)", "slow (a.c:5)", "main (a.c:9)"),
            read(19_000, 2_000, "__read (libc.so.6+0x1149cd)", "slow (a.c:5)", "main (a.c:9)"));
    List<String> places =
        text.lines().filter(l -> l.contains("(a.c:")).map(l -> l.replaceAll(" +", " ")).toList();
    assertTrue(places.get(0).startsWith("read 2 5.0us slow (a.c:5)"), text);
    assertTrue(places.get(1).startsWith("read 1 1.0us quick (a.c:3)"), text);
    assertFalse(text.contains("libc"), text);
  }

  @Test
  void a_frame_without_a_line_is_told_where_there_is_no_better_one() {
    assertTrue(report(read(1_000, 1_000, "0x12 (app+0x12)")).contains("0x12 (app+0x12)"));
  }

  @Test
  void without_stacks_nothing_is_said_of_places() {
    assertFalse(report(read(1_000, 1_000)).contains("WHERE"));
  }
}
