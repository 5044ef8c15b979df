package com.paiml.duende.adapter.process.inprocess;

import com.paiml.duende.api.Signal;
import java.util.ArrayDeque;
import java.util.Optional;

/** The signals that a daemon has not yet taken: at most {@link #CAPACITY}; of more, the oldest are dropped. */
final class SignalQueue {
  static final int CAPACITY = 64;

  private final ArrayDeque<Signal> queue = new ArrayDeque<>(4);
  private long dropped;

  /** @return how many were dropped so far when this one displaced another, else 0 */
  synchronized long add(Signal signal) {
    boolean full = queue.size() >= CAPACITY;
    if (full) {
      queue.removeFirst();
      dropped++;
    }
    queue.addLast(signal);
    return full ? dropped : 0;
  }

  synchronized Optional<Signal> poll() {
    return Optional.ofNullable(queue.pollFirst());
  }
}
