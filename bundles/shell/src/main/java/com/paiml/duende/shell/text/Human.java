package com.paiml.duende.shell.text;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** Figures as people read them. */
public final class Human {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

  private Human() {}

  /** Two units at most: {@code 3d 4h}, {@code 12m 5s}, {@code 840ms}. */
  public static String duration(Duration duration) {
    long ms = Math.max(0, duration.toMillis());
    if (ms < 1000) {
      return ms + "ms";
    }
    long s = ms / 1000;
    if (s < 60) {
      return s < 10 ? String.format(Locale.ROOT, "%.1fs", ms / 1000.0) : s + "s";
    }
    if (s < 3600) {
      return s / 60 + "m " + s % 60 + "s";
    }
    return s < 86400
        ? s / 3600 + "h " + s % 3600 / 60 + "m"
        : s / 86400 + "d " + s % 86400 / 3600 + "h";
  }

  /** How long ago; a time to come counts as now. */
  public static String since(Instant time, Instant now) {
    return duration(Duration.between(time, now));
  }

  /** Three digits and a binary unit: {@code 12.5 MiB}; "?" for a negative figure. */
  public static String bytes(long bytes) {
    if (bytes < 0) {
      return "?";
    }
    double value = bytes;
    int unit = 0;
    while (value >= 1023.95 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return unit == 0 || value >= 99.95
        ? Math.round(value) + " " + UNITS[unit]
        : String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
  }

  /** A count; "?" for a negative one. */
  public static String count(long count) {
    return count < 0 ? "?" : Long.toString(count);
  }

  /** A time of day with its date, UTC, to the second. */
  public static String time(Instant time) {
    return time.toString().substring(0, 19).replace('T', ' ') + "Z";
  }

  /** An enum's constant as the daemon file would write it. */
  public static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
