package com.paiml.duende.testkit.daemon;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** A clock that stands still until the test moves it. Sleepers of a {@link TestContext} wake as it passes their time. */
public final class SimulatedClock extends Clock {
  private final Object monitor;
  private final ZoneId zone;
  private final Time time;

  private static final class Time {
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final List<Instant> sleepers = new ArrayList<>();
  }

  public SimulatedClock() {
    this(new Object(), ZoneOffset.UTC, new Time());
  }

  private SimulatedClock(Object monitor, ZoneId zone, Time time) {
    this.monitor = monitor;
    this.zone = zone;
    this.time = time;
  }

  @Override
  public Instant instant() {
    synchronized (monitor) {
      return time.now;
    }
  }

  @Override
  public ZoneId getZone() {
    return zone;
  }

  /** The same clock read in another zone: moving one moves both. */
  @Override
  public Clock withZone(ZoneId other) {
    return new SimulatedClock(monitor, other, time);
  }

  /** Moves it on. */
  public void advance(Duration by) {
    if (by.isNegative()) {
      throw new IllegalArgumentException("time goes forward, not by " + by);
    }
    synchronized (monitor) {
      time.now = time.now.plus(by);
      // Whoever is due does not sleep any more, even if its thread has not come to run yet.
      boolean _ = time.sleepers.removeIf(end -> !end.isAfter(time.now));
      monitor.notifyAll();
    }
  }

  /** How many sleep now. */
  public int sleepers() {
    synchronized (monitor) {
      return time.sleepers.size();
    }
  }

  /**
   * Sleeps until the clock has passed this time or the sleep is cut short.
   *
   * @return whether the whole time has passed
   */
  boolean sleep(Duration length, BooleanSupplier cut) throws InterruptedException {
    synchronized (monitor) {
      Instant end = time.now.plus(length);
      if (length.isZero() || length.isNegative()) {
        return !cut.getAsBoolean();
      }
      time.sleepers.add(end);
      monitor.notifyAll();
      try {
        while (time.now.isBefore(end) && !cut.getAsBoolean()) {
          monitor.wait();
        }
        return !cut.getAsBoolean();
      } finally {
        if (time.now.isBefore(end)) {
          boolean _ = time.sleepers.remove(end);
        }
      }
    }
  }

  /** Has sleepers look again. */
  void wake() {
    synchronized (monitor) {
      monitor.notifyAll();
    }
  }
}
