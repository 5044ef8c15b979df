package com.paiml.duende.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DaemonMetricsTest {
  private final DaemonMetrics metrics = new DaemonMetrics();

  @Test
  void requests_errors_and_durations_are_counted() {
    metrics.recordRequest();
    metrics.recordRequest(Duration.ofMillis(2));
    metrics.recordRequest(Duration.ofMillis(4));
    metrics.recordError();
    DaemonMetrics.Snapshot s = metrics.snapshot();
    assertEquals(3, s.requests());
    assertEquals(1, s.errors());
    assertEquals(1.0 / 3, s.errorRate());
    assertEquals(2, s.durations());
    assertEquals(Duration.ofMillis(3), s.average());
    assertEquals(4_000_000, s.maxNanos());
  }

  @Test
  void percentiles_are_never_below_and_at_most_an_eighth_above_the_truth() {
    SplittableRandom random = new SplittableRandom(1);
    long[] all = new long[10_000];
    for (int i = 0; i < all.length; i++) {
      all[i] = random.nextLong(1L << random.nextInt(1, 40));
      metrics.recordNanos(all[i]);
    }
    java.util.Arrays.sort(all);
    DaemonMetrics.Snapshot s = metrics.snapshot();
    for (double q : new double[] {0.01, 0.5, 0.9, 0.99, 0.999, 1}) {
      long truth = all[(int) Math.ceil(q * all.length) - 1];
      long said = s.percentile(q).toNanos();
      assertTrue(said >= truth && said <= truth + truth / 8 + 1, q + ": " + truth + " vs " + said);
    }
  }

  @Test
  void the_longest_and_the_shortest_duration_have_a_bucket() {
    metrics.recordNanos(Long.MAX_VALUE);
    metrics.recordNanos(0);
    metrics.recordNanos(-5);
    DaemonMetrics.Snapshot s = metrics.snapshot();
    assertEquals(3, s.histogram().total());
    assertEquals(2, s.histogram().countUpTo(0));
    assertEquals(Duration.ofNanos(Long.MAX_VALUE), s.percentile(1));
  }

  @Test
  void recording_allocates_nothing_once_warm() {
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 5; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 1_000_000; i++) {
        metrics.recordRequestNanos(1L << (i & 31));
        metrics.recordError();
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertEquals(0, least, "bytes for a million records");
    assertEquals(5_000_000, metrics.snapshot().requests());
  }

  @Test
  void a_window_is_the_difference_of_two_snapshots() {
    metrics.recordNanos(10);
    DaemonMetrics.Histogram before = metrics.snapshot().histogram();
    metrics.recordNanos(1000);
    DaemonMetrics.Histogram window = metrics.snapshot().histogram().since(before);
    assertEquals(1, window.total());
    assertEquals(0, window.countUpTo(500));
  }

  @Test
  void a_histogram_survives_the_journey_to_another_jvm() {
    metrics.recordNanos(123);
    DaemonMetrics.Histogram h = metrics.snapshot().histogram();
    assertArrayEquals(h.counts(), DaemonMetrics.Histogram.of(h.counts()).counts());
    assertThrows(IllegalArgumentException.class, () -> DaemonMetrics.Histogram.of(new long[3]));
  }

  @Test
  void a_daemon_has_figures_of_its_own_with_legal_names() {
    metrics.gauge("queue_length", () -> 7);
    assertEquals(Map.of("queue_length", 7.0), metrics.snapshot().custom());
    assertThrows(IllegalArgumentException.class, () -> metrics.gauge("a b", () -> 1));
  }

  @Test
  void breaker_trips_and_recoveries_are_counted() {
    metrics.recordBreakerTrip();
    metrics.recordRecovery();
    metrics.recordRecovery();
    assertEquals(1, metrics.snapshot().breakerTrips());
    assertEquals(2, metrics.snapshot().recoveries());
  }
}
