package com.paiml.duende.adapter.wos.engine;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How much of the JVM's heap all processes together may hold as linear memory and tables. A module cannot
 * take memory away from the container: what is over the budget is refused to it, as a failed {@code memory.grow}.
 */
public final class HeapBudget {

  private volatile long limit;
  private final @Nullable HeapBudget within;
  private final AtomicLong used = new AtomicLong();

  /** @param limit in bytes */
  public HeapBudget(long limit) {
    this(limit, null);
  }

  private HeapBudget(long limit, @Nullable HeapBudget within) {
    this.limit = limit;
    this.within = within;
  }

  /** {@return a part of it, with a limit of its own} */
  public HeapBudget part(long most) {
    return new HeapBudget(most, this);
  }

  /** Changes the limit. What is taken already stays. */
  public void limit(long bytes) {
    limit = bytes;
  }

  /** {@return half of the largest heap that this JVM may have} */
  public static HeapBudget halfOfTheHeap() {
    return new HeapBudget(Runtime.getRuntime().maxMemory() / 2);
  }

  boolean take(long bytes) {
    long now = used.get();
    while (now + bytes <= limit) {
      if (used.compareAndSet(now, now + bytes)) {
        if (within == null || within.take(bytes)) {
          return true;
        }
        used.addAndGet(-bytes);
        return false;
      }
      now = used.get();
    }
    return false;
  }

  void giveBack(long bytes) {
    used.addAndGet(-bytes);
    if (within != null) {
      within.giveBack(bytes);
    }
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
