package com.paiml.duende.metrics.figure;

import com.paiml.duende.api.DaemonMetrics;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;

/**
 * Durations in buckets.
 *
 * @param bounds highest value of each bucket but the last, seconds, growing
 * @param counts of each bucket, one more than there are bounds
 * @param sum of all durations, seconds
 */
public record Distribution(List<Double> bounds, List<Long> counts, double sum) {
  /**
   * Bucket ends at every power of two from 1 µs to 69 s, one nanosecond below it: where the histograms that are read here
   * have ends of their own, so that no duration is counted on the wrong side.
   */
  private static final long[] ENDS_NANOS =
      IntStream.rangeClosed(10, 36).mapToLong(power -> (1L << power) - 1).toArray();

  private static final List<Double> BOUNDS =
      LongStream.of(ENDS_NANOS).mapToObj(end -> end / 1e9).toList();

  public Distribution {
    bounds = List.copyOf(bounds);
    counts = List.copyOf(counts);
    if (counts.size() != bounds.size() + 1) {
      throw new IllegalArgumentException(bounds.size() + " bounds, " + counts.size() + " counts");
    }
  }

  /** What a daemon recorded. */
  public static Distribution of(DaemonMetrics.Snapshot snapshot) {
    DaemonMetrics.Histogram histogram = snapshot.histogram();
    return cumulative(
        LongStream.of(ENDS_NANOS).map(histogram::countUpTo).toArray(),
        histogram.total(),
        snapshot.durationNanos() / 1e9);
  }

  /** What was recorded here, in nanoseconds. */
  static Distribution of(Histogram histogram, double sum) {
    return cumulative(
        LongStream.of(ENDS_NANOS).map(end -> histogram.getCountBetweenValues(0, end)).toArray(),
        histogram.getTotalCount(),
        sum);
  }

  /** A count and a sum without buckets. */
  static Distribution of(long count, double sum) {
    return new Distribution(List.of(), List.of(Math.max(0, count)), sum);
  }

  private static Distribution cumulative(long[] upTo, long total, double sum) {
    long before = 0;
    Long[] counts = new Long[upTo.length + 1];
    for (int i = 0; i < upTo.length; i++) {
      counts[i] = upTo[i] - before;
      before = upTo[i];
    }
    counts[upTo.length] = total - before;
    return new Distribution(BOUNDS, List.of(counts), sum);
  }

  /** How many there are. */
  public long count() {
    return counts.stream().mapToLong(Long::longValue).sum();
  }
}
