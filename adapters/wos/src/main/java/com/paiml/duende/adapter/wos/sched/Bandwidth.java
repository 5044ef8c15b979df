package com.paiml.duende.adapter.wos.sched;

/**
 * The CPU quota that the processes of one daemon share. A period's overrun is paid back in the next; what is
 * not used is not saved up.
 */
final class Bandwidth {

  private static final double UNLIMITED = 0;

  private final long period;
  private double percent = UNLIMITED;
  private double left;
  private long periodEnds;
  int members;

  Bandwidth(long period) {
    this.period = period;
  }

  void set(double percentOfOneCore, long now) {
    percent = percentOfOneCore;
    left = budget();
    periodEnds = now + period;
  }

  boolean limited() {
    return percent > UNLIMITED;
  }

  boolean exhausted() {
    return limited() && left <= 0;
  }

  void charge(long nanos) {
    left -= nanos;
  }

  /** Starts as many new periods as have begun. */
  void refill(long now) {
    if (!limited() || now < periodEnds) {
      return;
    }
    long begun = (now - periodEnds) / period + 1;
    left = Math.min(budget(), left + begun * budget());
    periodEnds += begun * period;
  }

  long periodEnds() {
    return periodEnds;
  }

  /** {@return how long {@code running} processes can go on, at least 1 ns} */
  long lasts(int running) {
    return Math.max(1, (long) (left / Math.max(1, running)));
  }

  double percent() {
    return percent;
  }

  private double budget() {
    return period * percent / 100;
  }
}
