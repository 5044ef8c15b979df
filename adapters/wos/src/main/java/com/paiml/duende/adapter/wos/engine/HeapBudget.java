package com.paiml.duende.adapter.wos.engine;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much of the JVM's heap all processes together may hold as linear memory and tables. A module cannot
 * take memory away from the container: what is over the budget is refused to it, as a failed {@code memory.grow}.
 */
public final class HeapBudget {

  private final long limit;
  private final AtomicLong used = new AtomicLong();

  /** @param limit in bytes */
  public HeapBudget(long limit) {
    this.limit = limit;
  }

  /** {@return half of the largest heap that this JVM may have} */
  public static HeapBudget halfOfTheHeap() {
    return new HeapBudget(Runtime.getRuntime().maxMemory() / 2);
  }

  boolean take(long bytes) {
    long now = used.get();
    while (now + bytes <= limit) {
      if (used.compareAndSet(now, now + bytes)) {
        return true;
      }
      now = used.get();
    }
    return false;
  }

  void giveBack(long bytes) {
    used.addAndGet(-bytes);
  }

  /** {@return bytes held by all processes} */
  public long used() {
    return used.get();
  }

  /** {@return the most that they may hold, in bytes} */
  public long limit() {
    return limit;
  }
}
