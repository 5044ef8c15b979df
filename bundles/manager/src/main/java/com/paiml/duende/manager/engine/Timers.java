package com.paiml.duende.manager.engine;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** One thread that posts at given times, of the monotonic clock: a wall clock that is set changes nothing. */
final class Timers implements AutoCloseable {
  private final ScheduledThreadPoolExecutor thread;

  /** Ends a timer. */
  @FunctionalInterface
  interface Cancel {
    void cancel();
  }

  Timers(String name) {
    thread =
        new ScheduledThreadPoolExecutor(
            1, r -> Thread.ofPlatform().daemon().name(name).unstarted(r));
    thread.setRemoveOnCancelPolicy(true);
    thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  /** @param what returns at once */
  Cancel after(long nanos, Runnable what) {
    try {
      ScheduledFuture<?> timer = thread.schedule(what, Math.max(0, nanos), TimeUnit.NANOSECONDS);
      return () -> timer.cancel(false);
    } catch (RejectedExecutionException e) {
      return () -> {};
    }
  }

  /** How many wait for their time. */
  int pending() {
    return thread.getQueue().size();
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
