package com.paiml.duende.testkit.load;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What a test measured.
 *
 * @param plan what was asked for
 * @param began when
 * @param took the whole, with the last answers
 * @param requests that were made, errors included
 * @param errors of them
 * @param messages of the errors, with their counts
 * @param response from when a request was due to its answer; what its sender felt
 * @param service from when it was sent to its answer
 */
public record LoadReport(
    LoadPlan plan,
    Instant began,
    Duration took,
    long requests,
    long errors,
    Map<String, Long> messages,
    Times response,
    Times service) {
  /** Above this fraction of errors a test has not passed. */
  public static final double MOST_ERRORS = 0.01;

  /** Times by percentile; zero when nothing was measured. */
  public record Times(
      Duration mean,
      Duration p50,
      Duration p90,
      Duration p95,
      Duration p99,
      Duration p999,
      Duration max) {
    static Times of(Histogram h) {
      return new Times(
          Duration.ofNanos((long) h.getMean()),
          at(h, 50),
          at(h, 90),
          at(h, 95),
          at(h, 99),
          at(h, 99.9),
          Duration.ofNanos(h.getMaxValue()));
    }

    private static Duration at(Histogram h, double percentile) {
      return Duration.ofNanos(h.getValueAtPercentile(percentile));
    }

    Map<String, Duration> byName() {
      Map<String, Duration> names = new LinkedHashMap<>();
      names.put("mean", mean);
      names.put("p50", p50);
      names.put("p90", p90);
      names.put("p95", p95);
      names.put("p99", p99);
      names.put("p99.9", p999);
      names.put("max", max);
      return names;
    }
  }

  public LoadReport {
    messages = Map.copyOf(messages);
  }

  static LoadReport of(LoadPlan plan, Instant began, Duration took, Recorder recorder) {
    return new LoadReport(
        plan,
        began,
        took,
        recorder.answers(),
        recorder.errors(),
        recorder.messages(),
        Times.of(recorder.response()),
        Times.of(recorder.service()));
  }

  /** Fraction of requests that failed; 1 when none was made. */
  public double errorRate() {
    return requests == 0 ? 1 : (double) errors / requests;
  }

  /** Answers per second. */
  public double throughput() {
    return requests / Math.max(1e-9, took.toNanos() / 1e9);
  }

  /** Whether at least one request was made and fewer than one in a hundred failed. */
  public boolean passed() {
    return requests > 0 && errorRate() < MOST_ERRORS;
  }

  /** For people at a terminal. */
  public String text() {
    return LoadReportWriter.text(this);
  }

  /** For programs; times in milliseconds. */
  public String json() {
    return LoadReportWriter.json(this);
  }

  /** A page that needs nothing but itself. */
  public String html() {
    return LoadReportWriter.html(this);
  }
}
