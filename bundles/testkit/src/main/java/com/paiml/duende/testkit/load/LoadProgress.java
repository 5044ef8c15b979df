package com.paiml.duende.testkit.load;

import java.time.Duration;

/**
 * How far a test is, once a second.
 *
 * @param elapsed since it began
 * @param requests answered so far, errors included
 * @param errors so far
 * @param inFlight waiting for their answers now
 * @param rate answers in the last second
 * @param p99 of the last second
 */
public record LoadProgress(
    Duration elapsed, long requests, long errors, int inFlight, double rate, Duration p99) {
  /** One line for people. */
  public String describe() {
    return String.format(
        java.util.Locale.ROOT,
        "%4d s  %8d requests  %6d errors  %5d in flight  %8.0f/s  p99 %s",
        elapsed.toSeconds(),
        requests,
        errors,
        inFlight,
        rate,
        Millis.of(p99));
  }
}
