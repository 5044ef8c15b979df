package com.paiml.duende.linux;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Conditions with a deadline, generous because the machine may be busy. */
public final class Await {
  public static final Duration LONG = Duration.ofSeconds(60);

  private Await() {}

  public static void until(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + LONG.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > end) {
        fail("not within " + LONG + ": " + what);
      }
      Thread.sleep(2);
    }
  }
}
