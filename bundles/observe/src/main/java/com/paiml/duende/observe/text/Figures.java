package com.paiml.duende.observe.text;

import java.util.Locale;

/** Figures as people read them, short enough for columns. */
public final class Figures {
  private static final String[] UNITS = {"B", "K", "M", "G", "T", "P"};
  private static final String BARS = "▁▂▃▄▅▆▇█";

  private Figures() {}

  /** {@code 12.5M}; "-" for a figure that is not known. */
  public static String bytes(double bytes) {
    if (bytes < 0) {
      return "-";
    }
    double value = bytes;
    int unit = 0;
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 || value >= 99.95
        ? String.format(Locale.ROOT, "%.0f%s", value, UNITS[unit])
        : String.format(Locale.ROOT, "%.1f%s", value, UNITS[unit]);
  }

  /** As the other. */
  public static String bytes(long bytes) {
    return bytes((double) bytes);
  }

  /** "-" for a figure that is not known. */
  public static String count(long count) {
    return count < 0 ? "-" : Long.toString(count);
  }

  /** "-" for a figure that is not known. */
  public static String percent(double percent) {
    return percent < 0 ? "-" : String.format(Locale.ROOT, "%.1f", percent);
  }

  /** {@code 840ns}, {@code 12.3us}, {@code 4.56ms}, {@code 1.20s}. */
  public static String nanos(double nanos) {
    if (nanos < 1000) {
      return String.format(Locale.ROOT, "%.0fns", nanos);
    }
    if (nanos < 1e6) {
      return String.format(Locale.ROOT, "%.1fus", nanos / 1e3);
    }
    return nanos < 1e9
        ? String.format(Locale.ROOT, "%.2fms", nanos / 1e6)
        : String.format(Locale.ROOT, "%.2fs", nanos / 1e9);
  }

  /** As the other. */
  public static String nanos(long nanos) {
    return nanos((double) nanos);
  }

  /**
   * One bar for each of the last values, from zero to the largest of them.
   *
   * @param width how many bars; shorter rows begin with blanks
   */
  public static String spark(double[] values, int width) {
    StringBuilder out = new StringBuilder(" ".repeat(Math.max(0, width - values.length)));
    int first = Math.max(0, values.length - width);
    double most = 0;
    for (int i = first; i < values.length; i++) {
      most = Math.max(most, values[i]);
    }
    for (int i = first; i < values.length; i++) {
      int bar = most <= 0 ? 0 : (int) Math.round(values[i] / most * (BARS.length() - 1));
      out.append(BARS.charAt(Math.clamp(bar, 0, BARS.length() - 1)));
    }
    return out.toString();
  }
}
