package com.paiml.duende.api;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a daemon counts about itself: requests, errors, durations (RED), trips of its circuit breakers, recoveries, and
 * figures of its own. Recording is lock-free and allocates nothing after the first duration; any thread may record. Rates
 * over a window are made by whoever takes {@linkplain #snapshot() snapshots} in succession.
 */
public final class DaemonMetrics {
  // Durations fall into buckets of eight per power of two: at most 12.5 % wide, from 1 ns to 292
  // years.
  private static final int SUB_BITS = 3;
  private static final int SUB = 1 << SUB_BITS;
  private static final int BUCKETS = (64 - SUB_BITS) * SUB;

  private final LongAdder requests = new LongAdder();
  private final LongAdder errors = new LongAdder();
  private final LongAdder durations = new LongAdder();
  private final LongAdder durationNanos = new LongAdder();
  private final LongAccumulator maxNanos = new LongAccumulator(Math::max, 0);
  private final LongAdder breakerTrips = new LongAdder();
  private final LongAdder recoveries = new LongAdder();
  // Most daemon objects never record a duration, and there may be many thousands of them: the first
  // that does makes it.
  private final AtomicReference<@Nullable AtomicLongArray> buckets = new AtomicReference<>();
  private final Map<String, DoubleSupplier> custom = new ConcurrentHashMap<>();

  /** Counts one request. */
  public void recordRequest() {
    requests.increment();
  }

  /** Counts one request that took this long. */
  public void recordRequest(Duration took) {
    requests.increment();
    recordDuration(took);
  }

  /** Counts one request that took this long, in nanoseconds. */
  public void recordRequestNanos(long nanos) {
    requests.increment();
    recordNanos(nanos);
  }

  /** Counts one error. The request that it belongs to is counted apart. */
  public void recordError() {
    errors.increment();
  }

  /** Records how long something took; negative durations count as zero. */
  public void recordDuration(Duration took) {
    recordNanos(took.toNanos());
  }

  /** As {@link #recordDuration}, in nanoseconds. */
  public void recordNanos(long nanos) {
    long n = Math.max(0, nanos);
    durations.increment();
    durationNanos.add(n);
    maxNanos.accumulate(n);
    counts().incrementAndGet(bucket(n));
  }

  private AtomicLongArray counts() {
    AtomicLongArray counts = buckets.get();
    if (counts == null) {
      AtomicLongArray fresh = new AtomicLongArray(BUCKETS);
      AtomicLongArray other = buckets.compareAndExchange(null, fresh);
      counts = other == null ? fresh : other;
    }
    return counts;
  }

  /** Counts one trip of a circuit breaker. */
  public void recordBreakerTrip() {
    breakerTrips.increment();
  }

  /** Counts one recovery from a fault. */
  public void recordRecovery() {
    recoveries.increment();
  }

  /**
   * Adds a figure of the daemon's own, read at each snapshot.
   *
   * @param name letters, digits and {@code _}, not beginning with a digit, at most 64 characters
   * @throws IllegalArgumentException for another name, or for more than 1000 names
   */
  public void gauge(String name, DoubleSupplier value) {
    if (!name.matches("[A-Za-z_][A-Za-z0-9_]{0,63}")) {
      throw new IllegalArgumentException("not a metric name: " + name);
    }
    if (custom.size() >= 1000 && !custom.containsKey(name)) {
      throw new IllegalArgumentException("more than 1000 custom metrics");
    }
    custom.put(name, value);
  }

  /** All figures now. Not one instant for all of them: recording goes on meanwhile. */
  public Snapshot snapshot() {
    long[] counts = new long[BUCKETS];
    AtomicLongArray recorded = buckets.get();
    for (int i = 0; recorded != null && i < BUCKETS; i++) {
      counts[i] = recorded.get(i);
    }
    Map<String, Double> own = new TreeMap<>();
    custom.forEach((k, v) -> own.put(k, v.getAsDouble()));
    return new Snapshot(
        requests.sum(),
        errors.sum(),
        durations.sum(),
        durationNanos.sum(),
        maxNanos.get(),
        new Histogram(counts),
        breakerTrips.sum(),
        recoveries.sum(),
        Map.copyOf(own));
  }

  private static int bucket(long n) {
    if (n < SUB) {
      return (int) n;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(n);
    int sub = (int) (n >>> (exponent - SUB_BITS)) & (SUB - 1);
    return (exponent - SUB_BITS + 1) * SUB + sub;
  }

  private static long highestOf(int bucket) {
    if (bucket < SUB) {
      return bucket;
    }
    int exponent = bucket / SUB + SUB_BITS - 1;
    int sub = bucket % SUB;
    return (((long) SUB + sub + 1) << (exponent - SUB_BITS)) - 1;
  }

  /**
   * The figures at one time.
   *
   * @param requests since the daemon's object was made
   * @param errors likewise
   * @param durations how many durations were recorded
   * @param durationNanos their sum, nanoseconds
   * @param maxNanos the longest, nanoseconds
   * @param histogram their distribution
   * @param breakerTrips trips of circuit breakers
   * @param recoveries recoveries
   * @param custom the daemon's own figures by name
   */
  public record Snapshot(
      long requests,
      long errors,
      long durations,
      long durationNanos,
      long maxNanos,
      Histogram histogram,
      long breakerTrips,
      long recoveries,
      Map<String, Double> custom) {

    /** Errors per request, 0 to 1 (above 1 when more errors than requests were counted). */
    public double errorRate() {
      return requests == 0 ? 0 : (double) errors / requests;
    }

    /** Mean duration; zero when there was none. */
    public Duration average() {
      return durations == 0 ? Duration.ZERO : Duration.ofNanos(durationNanos / durations);
    }

    /** The duration that the fraction {@code quantile} (0 to 1) of all did not exceed, rounded up by at most 12.5 %. */
    public Duration percentile(double quantile) {
      return Duration.ofNanos(Math.min(maxNanos, histogram.percentileNanos(quantile)));
    }
  }

  /** A distribution of durations. */
  public static final class Histogram {
    private final long[] counts;

    private Histogram(long[] counts) {
      this.counts = counts;
    }

    /**
     * The distribution that {@link #counts()} gave, elsewhere.
     *
     * @throws IllegalArgumentException when the array is of another size
     */
    public static Histogram of(long[] counts) {
      if (counts.length != BUCKETS) {
        throw new IllegalArgumentException(
            "a histogram has " + BUCKETS + " buckets, not " + counts.length);
      }
      return new Histogram(counts.clone());
    }

    /** The count of each bucket: eight per power of two of nanoseconds, from 0 up. */
    public long[] counts() {
      return counts.clone();
    }

    /** The count of durations in all. */
    public long total() {
      long sum = 0;
      for (long c : counts) {
        sum += c;
      }
      return sum;
    }

    /** How many did not exceed this many nanoseconds, counting whole buckets. */
    public long countUpTo(long nanos) {
      long sum = 0;
      for (int i = 0; i < counts.length && highestOf(i) <= nanos; i++) {
        sum += counts[i];
      }
      return sum;
    }

    /** The duration that the fraction {@code quantile} (0 to 1) of all did not exceed, rounded up by at most 12.5 %. */
    public Duration percentile(double quantile) {
      return Duration.ofNanos(percentileNanos(quantile));
    }

    long percentileNanos(double quantile) {
      long wanted = (long) Math.ceil(Math.clamp(quantile, 0, 1) * total());
      long seen = 0;
      for (int i = 0; i < counts.length; i++) {
        seen += counts[i];
        if (seen >= wanted && counts[i] > 0) {
          return highestOf(i);
        }
      }
      return 0;
    }

    /** The distribution of what was recorded between the earlier snapshot and this one. */
    public Histogram since(Histogram earlier) {
      long[] delta = new long[counts.length];
      for (int i = 0; i < delta.length; i++) {
        delta[i] = Math.max(0, counts[i] - earlier.counts[i]);
      }
      return new Histogram(delta);
    }
  }
}
