package com.paiml.duende.bench;

import java.util.Locale;
import java.util.OptionalDouble;

/**
 * One figure.
 *
 * @param scenario where it was measured
 * @param what was measured
 * @param who was measured: {@link #DUENDE} or a rival
 * @param value the figure; empty when there is none
 * @param unit of the value
 * @param note more to it, or why there is no value
 */
record Figure(
    String scenario, String what, String who, OptionalDouble value, String unit, String note) {
  static final String DUENDE = "duende";

  static Figure of(
      String scenario, String what, String who, double value, String unit, String note) {
    return new Figure(scenario, what, who, OptionalDouble.of(value), unit, note);
  }

  /** Not measured, and why. */
  static Figure none(String scenario, String what, String who, String why) {
    return new Figure(scenario, what, who, OptionalDouble.empty(), "", why);
  }

  String text() {
    if (value.isEmpty()) {
      return "-";
    }
    double v = value.getAsDouble();
    String number =
        v >= 1000
            ? String.format(Locale.ROOT, "%,.0f", v)
            : v >= 10
                ? String.format(Locale.ROOT, "%.1f", v)
                : String.format(Locale.ROOT, "%.2f", v);
    return unit.isEmpty() ? number : number + " " + unit;
  }
}
