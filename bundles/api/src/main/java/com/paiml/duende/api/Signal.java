package com.paiml.duende.api;

import java.util.Locale;
import java.util.Optional;

/** The signals that every platform understands, with the numbers of signal(7) on Linux and of macOS. */
public enum Signal {
  HUP(1, 1),
  INT(2, 2),
  QUIT(3, 3),
  KILL(9, 9),
  USR1(10, 30),
  USR2(12, 31),
  TERM(15, 15),
  CONT(18, 19),
  STOP(19, 17);

  private final int linux;
  private final int darwin;

  Signal(int linux, int darwin) {
    this.linux = linux;
    this.darwin = darwin;
  }

  /** The number on Linux (x86-64, aarch64: asm-generic/signal.h). */
  public int number() {
    return linux;
  }

  /** The number on macOS and the BSDs (sys/signal.h). */
  public int darwinNumber() {
    return darwin;
  }

  /** Whether it asks a daemon to shut down. */
  public boolean asksForShutdown() {
    return this == TERM || this == INT || this == QUIT;
  }

  /** Reads {@code TERM}, {@code SIGTERM}, {@code term} or the Linux number. */
  public static Optional<Signal> parse(String text) {
    String t = text.trim().toUpperCase(Locale.ROOT);
    if (t.startsWith("SIG")) {
      t = t.substring(3);
    }
    for (Signal s : values()) {
      if (s.name().equals(t) || Integer.toString(s.linux).equals(t)) {
        return Optional.of(s);
      }
    }
    return Optional.empty();
  }

  /** The signal with that Linux number, if it is one of the nine. */
  public static Optional<Signal> of(int number) {
    return parse(Integer.toString(number));
  }
}
