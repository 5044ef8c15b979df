package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Deadline;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Waits for something that daemons' events bring about. */
final class Await {
  private static final long LOOK_MILLIS = 500;

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
      while (true) {
        long began = System.nanoTime();
        if (condition.holds()) {
          return true;
        }
        long took = System.nanoTime() - began;
        if (deadline.hasPassed()) {
          return false;
        }
        if (took > COSTLY) {
          long rest = Math.min(REST_MAX, REST * took);
          TimeUnit.NANOSECONDS.sleep(Math.min(rest, deadline.remaining().toNanos()));
        }
        long left = Math.min(LOOK_MILLIS, deadline.remaining().toMillis() + 1);
        boolean _ = events.tryAcquire(left, TimeUnit.MILLISECONDS);
        int _ = events.drainPermits();
      }
    }
  }
}
