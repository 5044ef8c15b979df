package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Deadline;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** Waits for something that daemons' events bring about. */
final class Await {
  private static final long LOOK_MILLIS = 500;

  private Await() {}

  /** What is waited for. */
  @FunctionalInterface
  interface Condition {
    boolean holds() throws DaemonException;
  }

  /** Whether it held before the deadline. Looks after each event, and now and then without one. */
  static boolean until(DaemonManager manager, Deadline deadline, Condition condition)
      throws DaemonException, InterruptedException {
    Semaphore events = new Semaphore(0);
    try (DaemonManager.Subscription _ = manager.watch(event -> events.release())) {
      while (!condition.holds()) {
        if (deadline.hasPassed()) {
          return false;
        }
        long left = Math.min(LOOK_MILLIS, deadline.remaining().toMillis() + 1);
        boolean _ = events.tryAcquire(left, TimeUnit.MILLISECONDS);
        int _ = events.drainPermits();
      }
      return true;
    }
  }
}
