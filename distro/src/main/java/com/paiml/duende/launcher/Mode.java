package com.paiml.duende.launcher;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How long a container stays, and who watches it. */
enum Mode {
  /** Stays; nobody reads its standard streams. */
  BACKGROUND,
  /** Stays; a terminal or a service manager reads its standard streams. */
  FOREGROUND,
  /** Stays for one command line, which owns the standard streams. */
  RUN,
  /** Stops as soon as it has settled: shows the JVM which classes a start needs. */
  TRAIN;

  static Mode from(@Nullable String word) throws LauncherException {
    for (Mode mode : values()) {
      if (mode.word().equals(word)) {
        return mode;
      }
    }
    throw new LauncherException(
        "-Dduende.mode=" + word + " is not one of background, foreground, run, train");
  }

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
