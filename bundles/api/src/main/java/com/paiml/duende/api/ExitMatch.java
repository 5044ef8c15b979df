package com.paiml.duende.api;

import java.util.Optional;

/**
 * A range of exit codes, or one signal. Written {@code 0}, {@code "64-78"}, {@code "SIGABRT"}.
 *
 * @param signal whether the numbers are signals
 * @param from first number, codes 0 to 255, signals 1 to 64
 * @param to last number
 */
public record ExitMatch(boolean signal, int from, int to) {
  public ExitMatch {
    int last = signal ? 64 : 255;
    if (from < (signal ? 1 : 0) || to < from || to > last) {
      throw new IllegalArgumentException(
          "not a range of " + (signal ? "signals" : "exit codes") + ": " + from + "-" + to);
    }
  }

  public static ExitMatch codes(int from, int to) {
    return new ExitMatch(false, from, to);
  }

  public static ExitMatch signal(int number) {
    return new ExitMatch(true, number, number);
  }

  /**
   * Reads {@code 0}, {@code 64-78}, {@code SIGABRT} (the names of signal(7) on Linux) or {@code SIG6}.
   *
   * @return empty when the text is something else
   */
  public static Optional<ExitMatch> parse(String text) {
    boolean signal = text.startsWith("SIG");
    if (signal && SignalNames.numberOf(text.substring(3)) > 0) {
      return Optional.of(signal(SignalNames.numberOf(text.substring(3))));
    }
    String[] ends = (signal ? text.substring(3) : text).split("-", 2);
    try {
      int from = Integer.parseInt(ends[0]);
      return Optional.of(
          new ExitMatch(signal, from, ends.length == 1 ? from : Integer.parseInt(ends[1])));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The text that {@link #parse} reads back. */
  @Override
  public String toString() {
    if (from == to) {
      return signal ? "SIG" + SignalNames.nameOf(from) : Integer.toString(from);
    }
    return (signal ? "SIG" : "") + from + "-" + to;
  }

  public boolean matches(ExitReason exit) {
    return switch (exit) {
      case ExitReason.Graceful g -> !signal && from == 0;
      case ExitReason.Failure f -> !signal && from <= f.code() && f.code() <= to;
      case ExitReason.Signalled s -> signal && from <= s.signal() && s.signal() <= to;
      default -> false;
    };
  }
}
