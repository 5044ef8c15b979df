package com.paiml.duende.adapter.wos.engine;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How much of something all processes together may hold: of the JVM's heap, in bytes, as linear memory, tables, pipes,
 * messages and listings; or of its open files. A module cannot take these away from the container: what is over the budget
 * is refused to it, as a failed {@code memory.grow} or an error number. Safe for threads.
 */
public final class Budget {

  private volatile long limit;
  private final @Nullable Budget within;
  private final AtomicLong used = new AtomicLong();

  /** @param limit in bytes, or whatever is counted */
  public Budget(long limit) {
    this(limit, null);
  }

  private Budget(long limit, @Nullable Budget within) {
    this.limit = limit;
    this.within = within;
  }

  /** {@return a part of it, with a limit of its own} */
  public Budget part(long most) {
    return new Budget(most, this);
  }

  /** Changes the limit. What is taken already stays. */
  public void limit(long most) {
    limit = most;
  }

  /** {@return half of the largest heap that this JVM may have} */
  public static Budget halfOfTheHeap() {
    return new Budget(Runtime.getRuntime().maxMemory() / 2);
  }

  /** {@return whether so much more may be held; if so, it is} */
  public boolean take(long amount) {
    long now = used.get();
    while (now + amount <= limit) {
      if (used.compareAndSet(now, now + amount)) {
        if (within == null || within.take(amount)) {
          return true;
        }
        used.addAndGet(-amount);
        return false;
      }
      now = used.get();
    }
    return false;
  }

  /** What was taken is held no more. */
  public void giveBack(long amount) {
    used.addAndGet(-amount);
    if (within != null) {
      within.giveBack(amount);
    }
  }

  /** {@return what is held by all} */
  public long used() {
    return used.get();
  }

  /** {@return the most that they may hold} */
  public long limit() {
    return limit;
  }
}
