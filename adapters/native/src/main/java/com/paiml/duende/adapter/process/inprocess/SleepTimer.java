package com.paiml.duende.adapter.process.inprocess;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Wakes sleeping daemons: one platform thread for all of them. Sleeps that end within the same short while end together, so
 * that ten thousand daemons which wake once a second wake the machine fifty times and not ten thousand times. A sleep is
 * thereby up to a fiftieth longer than asked for, and never more than 20 ms.
 */
final class SleepTimer implements AutoCloseable {
  private static final long FINEST = Duration.ofMillis(1).toNanos();
  private static final long COARSEST = Duration.ofMillis(20).toNanos();

  /** A sleep in progress. */
  static final class Sleep {
    private final long end;
    private final Thread sleeper;
    private volatile boolean over;

    Sleep(long end, Thread sleeper) {
      this.end = end;
      this.sleeper = sleeper;
    }

    boolean isOver() {
      return over;
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final PriorityQueue<Sleep> sleeps =
      new PriorityQueue<>(Comparator.comparingLong((Sleep s) -> s.end));
  private final long origin = System.nanoTime();
  private final Thread thread;
  private boolean closed;

  SleepTimer() {
    thread = Thread.ofPlatform().daemon().name("duende-native-timer").start(this::run);
  }

  /** The calling thread is to be unparked after that time. */
  Sleep begin(Duration time) {
    long nanos = saturated(time);
    long grain = Math.clamp(nanos / 50, FINEST, COARSEST);
    long wanted = now() + nanos;
    // Sums of a sleep for ever must not wrap.
    long end = wanted < 0 ? Long.MAX_VALUE : (wanted / grain + 1) * grain;
    Sleep sleep = new Sleep(end < 0 ? Long.MAX_VALUE : end, Thread.currentThread());
    boolean first;
    lock.lock();
    try {
      sleep.over = closed;
      if (!closed) {
        sleeps.add(sleep);
      }
      first = sleeps.peek() == sleep;
    } finally {
      lock.unlock();
    }
    if (first) {
      LockSupport.unpark(thread);
    }
    return sleep;
  }

  /** It ended early. */
  void cancel(Sleep sleep) {
    if (!sleep.over) {
      lock.lock();
      try {
        sleeps.remove(sleep);
      } finally {
        lock.unlock();
      }
    }
  }

  private static long saturated(Duration time) {
    try {
      return Math.max(0, time.toNanos());
    } catch (ArithmeticException centuries) {
      return Long.MAX_VALUE;
    }
  }

  private long now() {
    return System.nanoTime() - origin;
  }

  private void run() {
    List<Sleep> due = new ArrayList<>();
    while (true) {
      long wait = Long.MAX_VALUE;
      lock.lock();
      try {
        if (closed) {
          return;
        }
        long now = now();
        for (Sleep s = sleeps.peek(); s != null; s = sleeps.peek()) {
          if (s.end > now) {
            wait = s.end - now;
            break;
          }
          due.add(sleeps.remove());
        }
      } finally {
        lock.unlock();
      }
      for (Sleep s : due) {
        s.over = true;
        LockSupport.unpark(s.sleeper);
      }
      if (due.isEmpty()) {
        LockSupport.parkNanos(this, wait);
      }
      due.clear();
    }
  }

  /** Ends the thread; nobody sleeps any more. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      for (Sleep s : sleeps) {
        s.over = true;
        LockSupport.unpark(s.sleeper);
      }
      sleeps.clear();
    } finally {
      lock.unlock();
    }
    LockSupport.unpark(thread);
  }
}
