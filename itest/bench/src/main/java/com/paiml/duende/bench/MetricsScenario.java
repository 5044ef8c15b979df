package com.paiml.duende.bench;

import com.paiml.duende.api.DaemonMetrics;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongConsumer;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** What it costs a daemon to count: time and allocation of one record, alone and with all processors at it. */
final class MetricsScenario implements Scenario {
  private static final int CALLS = 2_000_000;

  @Override
  public String name() {
    return "metrics";
  }

  @Override
  public String description() {
    return "one request counted with its duration: nanoseconds and bytes, beside HdrHistogram";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    int rounds = setting.rounds(15);
    List<Figure> figures = new ArrayList<>();
    DaemonMetrics metrics = new DaemonMetrics();
    Recorder recorder = new Recorder(3_600_000_000_000L, 2);
    measure(figures, Figure.DUENDE, metrics::recordRequestNanos, rounds);
    measure(figures, "HdrHistogram Recorder", recorder::recordValue, rounds);
    Histogram counted = recorder.getIntervalHistogram();
    if (metrics.snapshot().requests() != counted.getTotalCount()) {
      throw new IllegalStateException("not every record was counted");
    }
    return figures;
  }

  private void measure(List<Figure> figures, String who, LongConsumer record, int rounds)
      throws InterruptedException {
    double[] alone = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      alone[i] = nanosPerCall(record);
    }
    Arrays.sort(alone);
    figures.add(
        Figure.of(
            name(),
            "one record, one thread",
            who,
            alone[rounds / 2],
            "ns",
            String.format(Locale.ROOT, "median of %d rounds, best %.1f", rounds, alone[0])));
    figures.add(
        Figure.of(
            name(),
            "allocated by 2 000 000 records",
            who,
            (double) allocated(record),
            "B",
            "once warm"));
    int threads = Runtime.getRuntime().availableProcessors();
    figures.add(
        Figure.of(
            name(),
            "one record, all processors at one daemon",
            who,
            together(record, threads),
            "ns",
            threads + " threads"));
  }

  private static double nanosPerCall(LongConsumer record) {
    long began = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      // Durations of all sizes: every bucket, not one that stays in the cache.
      record.accept(1L << (i & 31));
    }
    return (double) (System.nanoTime() - began) / CALLS;
  }

  private static long allocated(LongConsumer record) {
    if (!(ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads)) {
      return -1;
    }
    long before = threads.getCurrentThreadAllocatedBytes();
    double _ = nanosPerCall(record);
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  private static double together(LongConsumer record, int threads) throws InterruptedException {
    double[] each = new double[threads];
    CountDownLatch ready = new CountDownLatch(threads);
    List<Thread> all = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      int own = t;
      Thread thread =
          new Thread(
              () -> {
                ready.countDown();
                try {
                  ready.await();
                  each[own] = nanosPerCall(record);
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      thread.start();
      all.add(thread);
    }
    for (Thread thread : all) {
      thread.join();
    }
    return Arrays.stream(each).average().orElse(0);
  }
}
