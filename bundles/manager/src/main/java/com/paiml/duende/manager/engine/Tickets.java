package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/** Calls that wait to hear whether what they asked for was accepted. */
final class Tickets {
  private final Map<Long, CompletableFuture<Object>> open = new ConcurrentHashMap<>();
  private final AtomicLong last = new AtomicLong();

  /** One call that waits. */
  record Ticket(long number, CompletableFuture<Object> answer) {}

  Ticket issue() {
    Ticket ticket = new Ticket(last.incrementAndGet(), new CompletableFuture<>());
    open.put(ticket.number(), ticket.answer());
    return ticket;
  }

  void accept(long number, Object answer) {
    CompletableFuture<Object> waiting = open.remove(number);
    if (waiting != null) {
      waiting.complete(answer);
    }
  }

  void refuse(long number, DaemonException error) {
    CompletableFuture<Object> waiting = open.remove(number);
    if (waiting != null) {
      waiting.completeExceptionally(error);
    }
  }

  /** Waits for the answer; an open question is forgotten when the deadline has passed. */
  Object await(Ticket ticket, String thing, Deadline deadline) throws DaemonException {
    try {
      return get(ticket.answer(), thing, deadline);
    } finally {
      open.remove(ticket.number());
    }
  }

  /** The value of a future, its fault as one of our own. */
  static <T> T get(CompletableFuture<T> future, String thing, Deadline deadline)
      throws DaemonException {
    try {
      return future.get(Math.max(1, deadline.remaining().toNanos()), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof DaemonException d) {
        throw d;
      }
      throw new DaemonException(
          ErrorCode.INTERNAL, thing, "failed: " + e.getCause(), "see the container's log", e);
    } catch (TimeoutException e) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          thing,
          "nothing was heard in time",
          "it is still being worked for; see its status",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, thing, "the wait was interrupted", "see its status", e);
    }
  }
}
