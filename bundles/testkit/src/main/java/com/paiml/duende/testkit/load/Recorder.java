package com.paiml.duende.testkit.load;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** Takes down what became of each request. Any thread. */
final class Recorder {
  /** Longer times are recorded as this. */
  static final long MOST = Duration.ofHours(1).toNanos();

  private static final int DIGITS = 3;
  private static final int MOST_MESSAGES = 100;

  private final Histogram fromDue = new ConcurrentHistogram(MOST, DIGITS);
  private final Histogram service = new ConcurrentHistogram(MOST, DIGITS);
  private final org.HdrHistogram.Recorder interval = new org.HdrHistogram.Recorder(MOST, DIGITS);
  private final LongAdder answers = new LongAdder();
  private final LongAdder errors = new LongAdder();
  private final Map<String, LongAdder> messages = new ConcurrentHashMap<>();

  /** An answer, or an error after this long. */
  void record(long dueNanos, long sentNanos, long endNanos) {
    long response = Math.clamp(endNanos - dueNanos, 0, MOST);
    fromDue.recordValue(response);
    interval.recordValue(response);
    service.recordValue(Math.clamp(endNanos - sentNanos, 0, MOST));
    answers.increment();
  }

  void error(String message) {
    errors.increment();
    String key = messages.size() < MOST_MESSAGES ? message : "others";
    messages.computeIfAbsent(key, k -> new LongAdder()).increment();
  }

  /** One that could not be sent at all: it has no time. */
  void refused(String message) {
    answers.increment();
    error(message);
  }

  long answers() {
    return answers.sum();
  }

  long errors() {
    return errors.sum();
  }

  /** What came since the last call. For one thread. */
  Histogram sinceLast() {
    return interval.getIntervalHistogram();
  }

  /** The counts, for the report; the requests must have ended. */
  Histogram response() {
    return fromDue.copy();
  }

  Histogram service() {
    return service.copy();
  }

  Map<String, Long> messages() {
    Map<String, Long> counts = new TreeMap<>();
    messages.forEach((k, v) -> counts.put(k, v.sum()));
    return counts;
  }
}
