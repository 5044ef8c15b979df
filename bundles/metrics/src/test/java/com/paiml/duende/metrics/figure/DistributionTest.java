package com.paiml.duende.metrics.figure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonMetrics;
import java.util.SplittableRandom;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class DistributionTest {
  @Test
  void every_duration_is_on_the_right_side_of_every_bound() {
    DaemonMetrics metrics = new DaemonMetrics();
    SplittableRandom random = new SplittableRandom(7);
    long[] all = new long[20_000];
    for (int i = 0; i < all.length; i++) {
      // Also exactly on the bounds and one beside them.
      all[i] =
          i % 3 == 0
              ? Math.max(0, (1L << random.nextInt(38)) + random.nextInt(-1, 2))
              : random.nextLong(1L << random.nextInt(1, 40));
      metrics.recordNanos(all[i]);
    }
    Distribution d = Distribution.of(metrics.snapshot());
    assertEquals(all.length, d.count());
    long upTo = 0;
    for (int b = 0; b < d.bounds().size(); b++) {
      upTo += d.counts().get(b);
      long end = Math.round(d.bounds().get(b) * 1e9);
      long truth = java.util.Arrays.stream(all).filter(n -> n <= end).count();
      assertEquals(truth, upTo, "durations up to " + end + " ns");
    }
    assertEquals(java.util.Arrays.stream(all).sum() / 1e9, d.sum(), 1e-6);
  }

  /** HdrHistogram is the measure: the api's histogram, which may depend on nothing, has its shape with three bits. */
  @Test
  void percentiles_of_a_daemon_agree_with_hdr_histogram_within_an_eighth() {
    DaemonMetrics metrics = new DaemonMetrics();
    Histogram hdr = new Histogram(1, 3_600_000_000_000L, 3);
    SplittableRandom random = new SplittableRandom(11);
    for (int i = 0; i < 100_000; i++) {
      long nanos = (long) Math.exp(random.nextDouble(5, 22));
      metrics.recordNanos(nanos);
      hdr.recordValue(nanos);
    }
    DaemonMetrics.Snapshot s = metrics.snapshot();
    for (double q : new double[] {0.5, 0.9, 0.99, 0.999}) {
      double ratio = s.percentile(q).toNanos() / (double) hdr.getValueAtPercentile(q * 100);
      assertTrue(ratio > 0.998 && ratio < 1.126, q + ": " + ratio);
    }
  }
}
