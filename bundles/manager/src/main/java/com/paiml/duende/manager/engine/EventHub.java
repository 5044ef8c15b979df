package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonId;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** Tells listeners what happens: each one in order, from one thread at a time, through a bounded queue of its own. */
final class EventHub {
  private static final Logger LOG = System.getLogger(EventHub.class.getName());
  private static final DaemonId NOBODY = new DaemonId(new UUID(0, 0));

  /** One listener and what it has not heard yet. */
  final class Subscriber {
    private final DaemonListener listener;
    private final int bound;
    private final ArrayDeque<DaemonEvent> queue = new ArrayDeque<>();
    private long missed;
    private boolean running;
    private boolean closed;

    private Subscriber(DaemonListener listener, int bound) {
      this.listener = listener;
      this.bound = bound;
    }

    /** @return whether it has to be woken */
    private boolean offer(List<DaemonEvent> said) {
      synchronized (queue) {
        if (closed) {
          return false;
        }
        said.forEach(this::add);
        if (running || queue.isEmpty()) {
          return false;
        }
        running = true;
        return true;
      }
    }

    private void wake() {
      try {
        threads.execute(this::deliver);
      } catch (RejectedExecutionException e) {
        close();
      }
    }

    private void add(DaemonEvent event) {
      if (queue.size() >= bound) {
        missed++;
        return;
      }
      if (missed > 0) {
        queue.addLast(
            new DaemonEvent.Missed(new DaemonEvent.Source("", NOBODY, Instant.now(), 0), missed));
        missed = 0;
      }
      queue.addLast(event);
    }

    private void deliver() {
      while (true) {
        DaemonEvent event;
        synchronized (queue) {
          event = queue.pollFirst();
          if (event == null || closed) {
            running = false;
            return;
          }
        }
        try {
          listener.onEvent(event);
        } catch (RuntimeException | LinkageError e) {
          LOG.log(Level.WARNING, "a listener failed at \"" + event.describe() + "\"", e);
        }
      }
    }

    /** It hears no more. */
    void close() {
      synchronized (queue) {
        closed = true;
        queue.clear();
      }
      subscribers.remove(this);
    }
  }

  private final List<Subscriber> subscribers = new CopyOnWriteArrayList<>();
  private final Executor threads;

  EventHub(Executor threads) {
    this.threads = threads;
  }

  Subscriber subscribe(DaemonListener listener, int bound) {
    Subscriber subscriber = new Subscriber(listener, bound);
    subscribers.add(subscriber);
    return subscriber;
  }

  void tell(DaemonEvent event) {
    tell(List.of(event));
  }

  /** Tells what came at once, in order: a listener's thread is woken once for it. */
  private void tell(List<DaemonEvent> said) {
    put(said).run();
  }

  /**
   * Gives everybody who listens now what came at once, in order.
   *
   * @return wakes them; to be called soon
   */
  Runnable put(List<DaemonEvent> said) {
    if (said.isEmpty()) {
      return () -> {};
    }
    List<Subscriber> idle = new ArrayList<>(2);
    for (Subscriber subscriber : subscribers) {
      if (subscriber.offer(said)) {
        idle.add(subscriber);
      }
    }
    return () -> idle.forEach(Subscriber::wake);
  }
}
