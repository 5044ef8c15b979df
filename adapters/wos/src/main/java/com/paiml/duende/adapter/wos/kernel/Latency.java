package com.paiml.duende.adapter.wos.kernel;

import java.util.concurrent.atomic.AtomicLongArray;

/** A distribution of times: eight buckets for each doubling, so that a figure is at most 12.5 % too large. Lock-free. */
public final class Latency {

  private static final int SUB_BITS = 3;
  private static final int SUB = 1 << SUB_BITS;
  private static final int BUCKETS = (64 - SUB_BITS) * SUB;

  private final AtomicLongArray counts = new AtomicLongArray(BUCKETS);

  void record(long nanos) {
    counts.incrementAndGet(bucket(Math.max(0, nanos)));
  }

  private static int bucket(long n) {
    if (n < SUB) {
      return (int) n;
    }
    int exponent = 63 - Long.numberOfLeadingZeros(n);
    return (exponent - SUB_BITS + 1) * SUB + ((int) (n >>> (exponent - SUB_BITS)) & (SUB - 1));
  }

  private static long highest(int bucket) {
    if (bucket < SUB) {
      return bucket;
    }
    int exponent = bucket / SUB + SUB_BITS - 1;
    return (((long) SUB + bucket % SUB + 1) << (exponent - SUB_BITS)) - 1;
  }

  /** {@return how many were recorded} */
  public long count() {
    long sum = 0;
    for (int i = 0; i < BUCKETS; i++) {
      sum += counts.get(i);
    }
    return sum;
  }

  /** {@return the nanoseconds that this fraction (0 to 1) did not exceed; 0 when there is none} */
  public long percentile(double fraction) {
    long wanted = (long) Math.ceil(fraction * count());
    long seen = 0;
    for (int i = 0; i < BUCKETS; i++) {
      seen += counts.get(i);
      if (seen >= wanted && counts.get(i) > 0) {
        return highest(i);
      }
    }
    return 0;
  }

  /** Forgets all. */
  public void reset() {
    for (int i = 0; i < BUCKETS; i++) {
      counts.set(i, 0);
    }
  }
}
