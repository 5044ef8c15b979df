package com.paiml.duende.bench.drive;

import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;

/** Times of one thing done often. For one thread. */
public final class Latencies {
  private long[] nanos = new long[64];
  private int count;

  public void add(long tookNanos) {
    if (count == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * count);
    }
    nanos[count++] = tookNanos;
  }

  public int count() {
    return count;
  }

  /**
   * The time that this fraction of all did not exceed: the next higher one that occurred.
   *
   * @param quantile above 0, up to 1
   */
  public Duration percentile(double quantile) {
    if (count == 0) {
      throw new IllegalStateException("nothing was timed");
    }
    long[] sorted = Arrays.copyOf(nanos, count);
    Arrays.sort(sorted);
    return Duration.ofNanos(sorted[Math.max(0, (int) Math.ceil(quantile * count) - 1)]);
  }

  public Duration median() {
    return percentile(0.5);
  }

  public Duration p99() {
    return percentile(0.99);
  }

  public Duration max() {
    return percentile(1);
  }

  /** Milliseconds with two decimals. */
  public static String ms(Duration time) {
    return String.format(Locale.ROOT, "%.2f ms", time.toNanos() / 1e6);
  }

  /** {@code median 1.23 ms, p99 4.56 ms, max 7.89 ms of 1000}. */
  @Override
  public String toString() {
    return "median " + ms(median()) + ", p99 " + ms(p99()) + ", max " + ms(max()) + " of " + count;
  }
}
