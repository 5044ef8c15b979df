package com.paiml.duende.metrics.figure;

import java.time.Instant;
import java.util.Map;

/** One value. */
public sealed interface Point {
  /** By name, as OpenTelemetry writes them, with dots. */
  Map<String, String> labels();

  /** Since when it counts. */
  Instant start();

  /** A number. */
  record Single(Map<String, String> labels, Instant start, double value) implements Point {}

  /** A distribution. */
  record Spread(Map<String, String> labels, Instant start, Distribution distribution)
      implements Point {}
}
