package com.paiml.duende.metrics.figure;

import java.util.List;

/**
 * One metric with all its points.
 *
 * @param name as OpenTelemetry writes it, with dots
 * @param kind how it behaves
 * @param unit in UCUM: {@code s}, {@code By}, {@code 1}, {@code {request}}
 * @param help one sentence without its full stop
 * @param points the values, each with other labels
 */
public record Family(String name, Kind kind, String unit, String help, List<Point> points) {
  public Family {
    points = List.copyOf(points);
  }

  /** The instruments of OpenTelemetry. */
  public enum Kind {
    /** Only grows, until its daemon starts again. */
    COUNTER,
    /** A sum that goes up and down. */
    UP_DOWN_COUNTER,
    GAUGE,
    HISTOGRAM
  }
}
