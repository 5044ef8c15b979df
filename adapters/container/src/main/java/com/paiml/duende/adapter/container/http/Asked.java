package com.paiml.duende.adapter.container.http;

import java.nio.channels.ClosedChannelException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The answers that somebody waits for: a client that is stopped may drop one that has just come, and then nobody else would say
 * that it does not come any more. Any thread.
 */
final class Asked {
  private final Set<Waiter> waiting = new HashSet<>();
  private boolean closed;

  /** Until it is closed, the answer is one that is waited for. */
  Waiter await(CompletableFuture<?> answer) {
    Waiter waiter = new Waiter(answer);
    boolean late;
    synchronized (this) {
      late = closed;
      boolean _ = waiting.add(waiter);
    }
    if (late) {
      waiter.hangUp();
    }
    return waiter;
  }

  /** From now on nobody waits: what has not been answered is told as a connection that was closed. */
  void close() {
    List<Waiter> all;
    synchronized (this) {
      closed = true;
      all = List.copyOf(waiting);
    }
    all.forEach(Waiter::hangUp);
  }

  private synchronized void remove(Waiter waiter) {
    boolean _ = waiting.remove(waiter);
  }

  /** Who waits for one answer. */
  final class Waiter implements AutoCloseable {
    private final CompletableFuture<?> answer;

    Waiter(CompletableFuture<?> answer) {
      this.answer = answer;
    }

    private void hangUp() {
      boolean _ = answer.completeExceptionally(new ClosedChannelException());
    }

    @Override
    public void close() {
      remove(this);
    }
  }
}
