package com.paiml.duende.observe.analysis;

import java.util.OptionalDouble;

/** How far a value is from what is usual, in standard deviations. */
public enum Deviation {
  /** From the mean: the z-score. Outliers in the window hide those that come after them. */
  Z_SCORE {
    @Override
    public OptionalDouble score(Window window, double value) {
      return divide(value - window.mean(), window.standardDeviation());
    }
  },
  /** From the median, by the median deviation (Iglewicz and Hoaglin): up to half the window may be outliers. */
  ROBUST {
    @Override
    public OptionalDouble score(Window window, double value) {
      return divide(value - window.median(), window.medianDeviation() / MAD_OF_NORMAL);
    }
  },
  /** From the median, by the distance of the quartiles: for values with a long tail. */
  QUARTILES {
    @Override
    public OptionalDouble score(Window window, double value) {
      return divide(
          value - window.median(), (window.quantile(0.75) - window.quantile(0.25)) / IQR_OF_NORMAL);
    }
  };

  /** Of a normal distribution with the standard deviation 1. */
  private static final double MAD_OF_NORMAL = 0.6745;

  private static final double IQR_OF_NORMAL = 1.349;

  /** Least spread that is believed: of values that are all the same, a thousandth of the difference. */
  private static final double LEAST = 1e-3;

  /**
   * @return empty while the window holds fewer than two values
   */
  public abstract OptionalDouble score(Window window, double value);

  private static OptionalDouble divide(double distance, double spread) {
    if (Double.isNaN(distance) || Double.isInfinite(distance)) {
      return OptionalDouble.empty();
    }
    if (distance == 0) {
      return OptionalDouble.of(0);
    }
    return OptionalDouble.of(distance / Math.max(spread, Math.abs(distance) * LEAST));
  }
}
