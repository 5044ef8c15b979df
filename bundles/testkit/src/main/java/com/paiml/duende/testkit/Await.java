package com.paiml.duende.testkit;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Waits for a condition, up to a deadline: what a test does in place of sleeping. */
public final class Await {
  private static final Duration POLL = Duration.ofMillis(5);

  private Await() {}

  /**
   * Waits until the condition holds.
   *
   * @param what the condition in words, for the error
   * @throws AssertionError when it does not hold by then
   */
  public static void until(String what, Duration patience, Callable<Boolean> condition)
      throws Exception {
    until(what, patience, POLL, condition);
  }

  /**
   * As {@link #until(String, Duration, Callable)}, for a condition that is dear to ask.
   *
   * @param pause between two questions
   */
  public static void until(
      String what, Duration patience, Duration pause, Callable<Boolean> condition)
      throws Exception {
    Optional<Boolean> held =
        value(patience, pause, () -> condition.call() ? Optional.of(true) : Optional.empty());
    if (held.isEmpty()) {
      throw new AssertionError("not within " + patience.toSeconds() + " s: " + what);
    }
  }

  /** Waits for a value; empty when there was none by then. */
  public static <T> Optional<T> value(Duration patience, Callable<Optional<T>> source)
      throws Exception {
    return value(patience, POLL, source);
  }

  private static <T> Optional<T> value(
      Duration patience, Duration pause, Callable<Optional<T>> source) throws Exception {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      Optional<T> value = source.call();
      if (value.isPresent() || System.nanoTime() - end >= 0) {
        return value;
      }
      Thread.sleep(pause);
    }
  }
}
