package com.paiml.duende.observe.analysis;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * Finds unusual values as they come. By default over the last hundred: from three standard deviations on low, from four medium,
 * from five high. Not for several threads.
 */
public final class Detector {
  public static final int WINDOW = 100;
  public static final double THRESHOLD = 3;

  /** How many values there have to be before one can be unusual. */
  private static final int LEAST = 10;

  /** How unusual. */
  public enum Severity {
    LOW,
    MEDIUM,
    HIGH
  }

  /**
   * An unusual value.
   *
   * @param value it
   * @param sigma how far from what is usual, in standard deviations, with its sign
   * @param severity low from the threshold on, one step for each further deviation
   */
  public record Anomaly(double value, double sigma, Severity severity) {}

  private final Window window;
  private final Deviation deviation;
  private final double threshold;

  public Detector() {
    this(WINDOW, Deviation.Z_SCORE, THRESHOLD);
  }

  /**
   * @param threshold standard deviations, from 2
   */
  public Detector(int window, Deviation deviation, double threshold) {
    if (!(threshold >= 2)) {
      throw new IllegalArgumentException(
          "a threshold of " + threshold + ": from 2 standard deviations on it means something");
    }
    this.window = new Window(window);
    this.deviation = deviation;
    this.threshold = threshold;
  }

  /** Looks at the next value, then remembers it. */
  public Optional<Anomaly> add(double value) {
    OptionalDouble score =
        window.size() < LEAST ? OptionalDouble.empty() : deviation.score(window, value);
    window.add(value);
    if (score.isEmpty() || Math.abs(score.getAsDouble()) < threshold) {
      return Optional.empty();
    }
    double beyond = Math.abs(score.getAsDouble()) - threshold;
    Severity severity = beyond >= 2 ? Severity.HIGH : beyond >= 1 ? Severity.MEDIUM : Severity.LOW;
    return Optional.of(new Anomaly(value, score.getAsDouble(), severity));
  }
}
