package com.paiml.duende.adapter.wos.engine;

/**
 * What one process holds of its own limit and of the budget of all. Used by the process's own thread;
 * {@link #used()} may be read by any.
 */
public final class MemoryAccount implements AutoCloseable {

  private final Budget budget;
  private volatile long limit;
  private volatile long used;
  private volatile long refusals;
  private boolean closed;

  /** @param limit in bytes */
  public MemoryAccount(Budget budget, long limit) {
    this.budget = budget;
    this.limit = limit;
  }

  /** {@return whether the process may hold that much more; if so, it does} */
  public synchronized boolean take(long bytes) {
    if (closed || used + bytes > limit || !budget.take(bytes)) {
      refusals++;
      return false;
    }
    used += bytes;
    return true;
  }

  /** What was taken could not be had after all. */
  synchronized void giveBack(long bytes) {
    if (!closed) {
      refusals++;
      used -= bytes;
      budget.giveBack(bytes);
    }
  }

  /** {@return bytes of linear memory and tables} */
  public long used() {
    return used;
  }

  /** {@return the limit in bytes} */
  public long limit() {
    return limit;
  }

  /** Changes the limit. What is already held stays. */
  public synchronized void limit(long bytes) {
    limit = bytes;
  }

  /** {@return how often the process was refused memory} */
  public long refusals() {
    return refusals;
  }

  /** Gives everything back. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      budget.giveBack(used);
    }
  }
}
