package com.paiml.duende.observe.trace;

import com.paiml.duende.spi.TraceSession.SyscallStats;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Sums by name. Safe for several threads. */
public final class Sums {
  private static final class Sum {
    long count;
    long errors;
    long nanos;
    long max;
  }

  private final Map<String, Sum> sums = new HashMap<>();
  private long all;

  public synchronized void add(String name, boolean error, long nanos) {
    Sum sum = sums.computeIfAbsent(name, n -> new Sum());
    sum.count++;
    sum.errors += error ? 1 : 0;
    sum.nanos += nanos;
    sum.max = Math.max(sum.max, nanos);
    all++;
  }

  /** How many were added. */
  public synchronized long all() {
    return all;
  }

  /** Most frequent first. */
  public synchronized List<SyscallStats> list() {
    return sums.entrySet().stream()
        .map(
            e ->
                new SyscallStats(
                    e.getKey(),
                    e.getValue().count,
                    e.getValue().errors,
                    e.getValue().nanos,
                    e.getValue().max))
        .sorted(Comparator.comparingLong(SyscallStats::count).reversed())
        .toList();
  }
}
