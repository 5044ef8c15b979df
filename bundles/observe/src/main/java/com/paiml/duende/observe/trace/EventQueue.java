package com.paiml.duende.observe.trace;

import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Events on their way from the thread that traces; what does not fit is counted. */
public final class EventQueue {
  private static final int CAPACITY = 65_536;

  private final BlockingQueue<SyscallEvent> events = new ArrayBlockingQueue<>(CAPACITY);
  private final AtomicLong lost = new AtomicLong();

  public void put(SyscallEvent event) {
    if (!events.offer(event)) {
      long _ = lost.incrementAndGet();
    }
  }

  /** Counts what nobody saw. */
  public void lose(long count) {
    long _ = lost.addAndGet(count);
  }

  public long lost() {
    return lost.get();
  }

  /** What has come; waits for the first one. */
  public List<SyscallEvent> take(int max, Deadline deadline) {
    List<SyscallEvent> taken = new ArrayList<>();
    try {
      SyscallEvent first = events.poll(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
      if (first != null) {
        taken.add(first);
        int _ = events.drainTo(taken, max - 1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return taken;
  }
}
