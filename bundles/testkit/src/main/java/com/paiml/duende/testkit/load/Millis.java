package com.paiml.duende.testkit.load;

import java.time.Duration;
import java.util.Locale;

/** Milliseconds as people read them. */
final class Millis {
  private Millis() {}

  static String of(Duration time) {
    double ms = time.toNanos() / 1e6;
    return String.format(Locale.ROOT, ms < 10 ? "%.2f ms" : ms < 1000 ? "%.1f ms" : "%.0f ms", ms);
  }
}
