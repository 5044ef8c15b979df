package com.paiml.duende.manager.ways;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One thread that looks after names: a name that is handed in is looked at soon, once however often it was handed in
 * meanwhile. So the work to be done is bounded by the names that there are. What can wait is looked at when nothing of that
 * kind has come for a moment, and after a few moments at the latest: a burst has the processors to itself.
 */
final class Worker implements AutoCloseable {
  private static final Logger LOG = System.getLogger("duende.config");
  private static final long PATIENCE_AT_THE_END = 10_000;
  private static final long QUIET = 250_000_000;
  private static final long AT_THE_LATEST = 2_000_000_000;

  private final Consumer<String> work;
  private final Set<String> names = new LinkedHashSet<>();
  private final Set<String> later = new LinkedHashSet<>();
  private final Thread thread;
  private long first;
  private long last;
  private boolean closed;

  Worker(String threadName, Consumer<String> work) {
    this.work = work;
    thread = Thread.ofPlatform().name(threadName).daemon().start(this::run);
  }

  synchronized void lookAt(String name) {
    names.add(name);
    notifyAll();
  }

  /** As {@link #lookAt}, once a burst is over. */
  synchronized void lookAtLater(String name) {
    last = System.nanoTime();
    if (later.isEmpty()) {
      first = last;
      notifyAll();
    }
    later.add(name);
  }

  private void run() {
    try {
      while (true) {
        String name = next();
        try {
          work.accept(name);
        } catch (RuntimeException e) {
          if (!isClosed()) {
            LOG.log(Level.ERROR, () -> "a fault of our own while looking after " + name, e);
          }
        }
      }
    } catch (InterruptedException e) {
      LOG.log(Level.DEBUG, () -> Thread.currentThread().getName() + " ends");
    }
  }

  private synchronized String next() throws InterruptedException {
    while (names.isEmpty() || closed) {
      if (closed) {
        throw new InterruptedException();
      }
      if (later.isEmpty()) {
        wait();
        continue;
      }
      long now = System.nanoTime();
      long left = Math.min(QUIET - (now - last), AT_THE_LATEST - (now - first));
      if (left > 0) {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      } else {
        names.addAll(later);
        later.clear();
      }
    }
    String name = names.iterator().next();
    names.remove(name);
    return name;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      thread.join(PATIENCE_AT_THE_END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
