package com.paiml.duende.adapter.wos.sched;

import java.time.Duration;

/**
 * The figures of the policy. All times in nanoseconds.
 *
 * @param slots how many processes run at once, at least 1
 * @param quantum how long a turn lasts while others of the same or a better level wait
 * @param tick the unit in which waiting is counted
 * @param agingTicks after so many ticks of waiting a process rises by one level, until it has had its turn
 * @param guestEvery of so many turns that a level gives, one goes to a process that rose to it, as long as
 *     processes of its own wait too; at least 2
 * @param grace what a risen process may run of its turn before a process that wakes up can take it back
 * @param quotaPeriod the period over which a CPU quota is measured
 */
public record Rules(
    int slots,
    long quantum,
    long tick,
    int agingTicks,
    int guestEvery,
    long grace,
    long quotaPeriod) {

  public Rules {
    if (slots < 1
        || quantum < 1
        || tick < 1
        || agingTicks < 1
        || guestEvery < 2
        || grace < 0
        || quotaPeriod < 1) {
      throw new IllegalArgumentException(
          "a figure of the scheduler is out of range: slots "
              + slots
              + ", quantum "
              + quantum
              + " ns, tick "
              + tick
              + " ns, aging "
              + agingTicks
              + " ticks, guests 1 in "
              + guestEvery
              + ", grace "
              + grace
              + " ns, quota period "
              + quotaPeriod
              + " ns");
    }
  }

  /**
   * {@return the figures that are documented and measured: quantum 5 ms, tick 100 ms, aging after 5 ticks, one
   * turn in three for risen processes, grace 0.5 ms, quota period 100 ms}
   *
   * @param slots how many processes run at once
   */
  public static Rules standard(int slots) {
    return new Rules(
        slots,
        Duration.ofMillis(5).toNanos(),
        Duration.ofMillis(100).toNanos(),
        5,
        3,
        Duration.ofNanos(500_000).toNanos(),
        Duration.ofMillis(100).toNanos());
  }

  /** {@return how long a process waits before it rises by one level} */
  public long agingAfter() {
    return tick * agingTicks;
  }
}
