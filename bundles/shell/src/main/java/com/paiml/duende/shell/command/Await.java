package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Deadline;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Waits for something that daemons' events bring about. */
final class Await {
  private static final long LOOK_MILLIS = 500;

  /** So many looks are made at once each: one or a few daemons are there by then, and wait for nothing. */
  private static final int AT_ONCE = 16;

  /** A look that takes longer than this is a costly one, in ns. */
  private static final long COSTLY = 100_000;

  /** So much longer than a costly look is the rest after it. */
  private static final int REST = 20;

  private static final long REST_MAX = 100_000_000;

  private Await() {}

  /** What is waited for. */
  @FunctionalInterface
  interface Condition {
    boolean holds() throws DaemonException;
  }

  /**
   * Whether it held before the deadline. Looks after each event, and now and then without one; less often where a look takes
   * long: to look at a thousand daemons after each event of theirs would hold up their starts.
   */
  static boolean until(DaemonManager manager, Deadline deadline, Condition condition)
      throws DaemonException, InterruptedException {
    Semaphore events = new Semaphore(0);
    try (DaemonManager.Subscription _ = manager.watch(event -> events.release())) {
      for (int looks = 1; true; looks++) {
        long began = System.nanoTime();
        if (condition.holds()) {
          return true;
        }
        long took = System.nanoTime() - began;
        if (deadline.hasPassed()) {
          return false;
        }
        TimeUnit.NANOSECONDS.sleep(Math.min(rest(looks, took), deadline.remaining().toNanos()));
        long left = Math.min(LOOK_MILLIS, deadline.remaining().toMillis() + 1);
        boolean _ = events.tryAcquire(left, TimeUnit.MILLISECONDS);
        int _ = events.drainPermits();
      }
    }
  }

  /**
   * How long to rest after a look, in ns.
   *
   * @param looks so far
   * @param took of the last one, in ns
   */
  static long rest(int looks, long took) {
    return took > COSTLY && looks > AT_ONCE ? Math.min(REST_MAX, REST * took) : 0;
  }
}
