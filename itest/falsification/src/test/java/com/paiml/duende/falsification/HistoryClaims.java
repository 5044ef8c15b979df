package com.paiml.duende.falsification;

import com.paiml.duende.observe.history.HistoryRing;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** The ring in which the monitor keeps what it has seen. */
@Falsification
class HistoryClaims {
  private static final int COLUMNS = 11;

  private static long push(HistoryRing ring, long[] row, int times) {
    long begin = System.nanoTime();
    for (int i = 0; i < times; i++) {
      row[0] = i;
      ring.push(row);
    }
    return System.nanoTime() - begin;
  }

  @Test
  void f052_the_ring_is_bounded(Attempt attempt) {
    HistoryRing ring = new HistoryRing(1000, COLUMNS);
    push(ring, new long[COLUMNS], 1_000_000);
    List<long[]> rows = ring.between(0, Long.MAX_VALUE);
    boolean last =
        rows.getFirst()[0] == 999_000 && rows.getLast()[0] == 999_999 && rows.size() == 1000;
    attempt.behaviour(
        ring.size() == 1000 && last, "a million pushes: size " + ring.size() + ", the last ones");
  }

  @Test
  void f053_push_and_pop_take_constant_time(Attempt attempt) {
    HistoryRing ring = new HistoryRing(1000, COLUMNS);
    long[] row = new long[COLUMNS];
    push(ring, row, 2_000_000);
    var threads = ManagementFactory.getThreadMXBean();
    StringBuilder figure = new StringBuilder("processor time: ");
    double least = Double.MAX_VALUE;
    double most = 0;
    for (int times : new int[] {100_000, 1_000_000, 10_000_000}) {
      double best = Double.MAX_VALUE;
      for (int i = 0; i < 20_000_000 / times; i++) {
        long begin = threads.getCurrentThreadCpuTime();
        for (int j = 0; j < times; j++) {
          ring.push(row);
          ring.pop(row);
        }
        best = Math.min(best, (threads.getCurrentThreadCpuTime() - begin) / (double) times);
      }
      least = Math.min(least, best);
      most = Math.max(most, best);
      figure.append(String.format(Locale.ROOT, "%d: %.1f ns each; ", times, best));
    }
    attempt.time(most < 3 * least, figure.toString());
  }

  @Test
  void f054_push_and_pop_allocate_nothing(Attempt attempt) {
    HistoryRing ring = new HistoryRing(1000, COLUMNS);
    long[] row = new long[COLUMNS];
    push(ring, row, 200_000);
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    threads.getCurrentThreadAllocatedBytes();
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 1_000_000; i++) {
      ring.push(row);
      ring.pop(row);
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    attempt.behaviour(allocated == 0, allocated + " bytes over a million pushes and pops");
  }

  @Test
  void f055_a_query_has_every_row_of_its_window(Attempt attempt) {
    HistoryRing ring = new HistoryRing(1000, COLUMNS);
    push(ring, new long[COLUMNS], 1700);
    long wrong = 0;
    long queries = 0;
    for (long from = 600; from < 1800; from += 37) {
      for (long to = from; to < 1800; to += 53) {
        long first = Math.max(from, 700);
        long last = Math.min(to, 1699);
        List<long[]> rows = ring.between(from, to);
        boolean right = rows.size() == Math.max(0, last - first + 1);
        for (int i = 0; right && i < rows.size(); i++) {
          right = rows.get(i)[0] == first + i;
        }
        wrong += right ? 0 : 1;
        queries++;
      }
    }
    attempt.behaviour(
        wrong == 0, queries + " windows over a ring that has wrapped, " + wrong + " wrong");
  }
}
