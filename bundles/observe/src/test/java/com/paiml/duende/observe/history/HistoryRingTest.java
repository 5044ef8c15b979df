package com.paiml.duende.observe.history;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HistoryRingTest {
  private static HistoryRing ring(int capacity, int rows) {
    HistoryRing ring = new HistoryRing(capacity, 2);
    for (int i = 0; i < rows; i++) {
      ring.push(new long[] {i, 10L * i});
    }
    return ring;
  }

  private static long[] times(List<long[]> rows) {
    return rows.stream().mapToLong(r -> r[0]).toArray();
  }

  @Test
  void the_oldest_row_makes_room() {
    HistoryRing ring = ring(3, 10);
    assertEquals(3, ring.size());
    assertArrayEquals(new long[] {7, 8, 9}, times(ring.between(0, 100)));
    long[] row = new long[2];
    assertTrue(ring.last(row));
    assertArrayEquals(new long[] {9, 90}, row);
  }

  @Test
  void rows_are_popped_in_the_order_in_which_they_were_pushed() {
    HistoryRing ring = ring(4, 6);
    long[] row = new long[2];
    for (long expected = 2; expected < 6; expected++) {
      assertTrue(ring.pop(row));
      assertEquals(expected, row[0]);
    }
    assertFalse(ring.pop(row));
    assertFalse(ring.last(row));
    ring.push(new long[] {50, 1});
    assertArrayEquals(new long[] {50}, times(ring.between(0, 100)));
  }

  @Test
  void a_query_has_every_row_of_its_window_and_no_other() {
    for (int rows : new int[] {0, 1, 5, 100, 137, 250}) {
      HistoryRing ring = ring(100, rows);
      long first = Math.max(0, rows - 100);
      for (long from = -1; from < rows + 2; from += 7) {
        for (long to = from; to < rows + 2; to += 13) {
          long low = Math.max(from, first);
          long high = Math.min(to, rows - 1);
          assertArrayEquals(
              low > high ? new long[0] : LongStream.rangeClosed(low, high).toArray(),
              times(ring.between(from, to)),
              rows + " rows, " + from + " to " + to);
        }
      }
    }
  }

  @Test
  void a_clock_that_is_set_back_hides_no_row_and_one_set_forward_neither() {
    HistoryRing ring = ring(100, 137);
    ring.push(new long[] {36, 1370});
    ring.push(new long[] {37, 1380});
    assertArrayEquals(new long[] {35, 36, 36, 37}, times(ring.between(35, 37)));
    assertEquals(100, ring.between(-1000, 37).size());
    ring.push(new long[] {5000, 1390});
    assertArrayEquals(new long[] {5000}, times(ring.between(4000, 5000)));
    assertEquals(100, ring.between(-1000, 5000).size());
  }

  @Test
  void pushing_allocates_nothing() {
    HistoryRing ring = ring(1000, 1000);
    long[] row = new long[2];
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    for (int i = 0; i < 100_000; i++) {
      ring.push(row);
    }
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 1_000_000; i++) {
      ring.push(row);
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(allocated < 1024, allocated + " bytes");
  }

  @Test
  void a_ring_of_nothing_is_refused() {
    assertThrows(IllegalArgumentException.class, () -> new HistoryRing(0, 1));
    assertThrows(IllegalArgumentException.class, () -> new HistoryRing(1, 0));
  }
}
