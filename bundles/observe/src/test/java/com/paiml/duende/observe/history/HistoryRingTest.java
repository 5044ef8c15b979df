package com.paiml.duende.observe.history;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Random;
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

  private static long[] next(long[] row, Random random, boolean wild) {
    long[] next = row.clone();
    next[0] += wild ? random.nextLong() >> (2 + random.nextInt(60)) : 39_990 + random.nextInt(20);
    for (int i = 1; i < next.length; i++) {
      if (random.nextInt(6) == 0) {
        next[i] = wild ? random.nextLong() : next[i] + random.nextInt(1000) - 300;
      }
    }
    return next;
  }

  /** As push() says; a clock that is set back takes the rows before with it. */
  private static void push(ArrayDeque<long[]> rows, long[] row, int capacity) {
    long by = rows.isEmpty() ? 0 : rows.getLast()[0] - row[0];
    if (by > 0) {
      rows.forEach(r -> r[0] -= by);
    }
    if (rows.size() == capacity) {
      rows.removeFirst();
    }
    rows.addLast(row.clone());
  }

  @Test
  void whatever_the_numbers_are_it_answers_as_if_it_kept_them_whole() {
    Random random = new Random(20261127);
    for (int round = 0; round < 1000; round++) {
      boolean wild = round % 4 == 0;
      int capacity = 1 + random.nextInt(40);
      int columns = 1 + random.nextInt(64);
      HistoryRing ring = new HistoryRing(capacity, columns);
      ArrayDeque<long[]> whole = new ArrayDeque<>();
      long[] row = new long[columns];
      for (int i = 0; i < 200; i++) {
        long[] into = new long[columns];
        if (random.nextInt(5) == 0) {
          long[] oldest = whole.pollFirst();
          assertEquals(oldest != null, ring.pop(into));
          assertArrayEquals(oldest == null ? new long[columns] : oldest, into);
        } else {
          row = next(row, random, wild);
          push(whole, row, capacity);
          ring.push(row);
          assertTrue(ring.last(into));
          assertArrayEquals(row, into);
        }
        assertEquals(whole.size(), ring.size());
      }
      for (long[] oldest : whole) {
        long[] into = new long[columns];
        assertTrue(ring.pop(into));
        assertArrayEquals(oldest, into);
      }
    }
  }

  /** An idle daemon is looked at every 40 s when there are a thousand: in eleven hours the ring is full. */
  @Test
  void rows_that_repeat_one_another_take_a_few_bytes_each() {
    long[] row = new long[11];
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    HistoryRing ring = new HistoryRing(1000, row.length);
    ring.push(row);
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 2000; i++) {
      row[0] += 40_000 + i % 9 - 4;
      ring.push(row);
    }
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(allocated < 8 * 1024, allocated + " bytes");
    assertEquals(1000, ring.between(0, Long.MAX_VALUE).size());
  }

  @Test
  void a_ring_of_nothing_is_refused() {
    assertThrows(IllegalArgumentException.class, () -> new HistoryRing(0, 1));
    assertThrows(IllegalArgumentException.class, () -> new HistoryRing(1, 0));
    assertThrows(IllegalArgumentException.class, () -> new HistoryRing(1, 65));
  }
}
