package com.paiml.duende.manager.ways;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A few threads that look after names: a name that is handed in is looked at soon, by one thread at a time, once however often
 * it was handed in meanwhile. So the work to be done is bounded by the names that there are. What can wait is looked at when
 * nothing of that kind has come for a moment, and after a few moments at the latest: a burst has the processors to itself.
 */
final class Worker implements AutoCloseable {
  private static final Logger LOG = System.getLogger("duende.config");
  private static final long PATIENCE_AT_THE_END = 10_000;
  private static final long QUIET = 250_000_000;
  private static final long AT_THE_LATEST = 2_000_000_000;

  private final Consumer<String> work;
  private final Set<String> names = new LinkedHashSet<>();
  private final Set<String> later = new LinkedHashSet<>();
  private final Set<String> looking = new HashSet<>();
  private final List<Thread> threads = new ArrayList<>();
  private long first;
  private long last;
  private boolean closed;

  /**
   * @param hands how many threads; more than one where the work is mostly to wait for somebody else
   */
  Worker(String threadName, int hands, Consumer<String> work) {
    this.work = work;
    for (int i = 0; i < hands; i++) {
      threads.add(Thread.ofPlatform().name(threadName).daemon().start(this::run));
    }
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
        } finally {
          looked(name);
        }
      }
    } catch (InterruptedException e) {
      LOG.log(Level.DEBUG, () -> Thread.currentThread().getName() + " ends");
    }
  }

  private synchronized String next() throws InterruptedException {
    while (true) {
      if (closed) {
        throw new InterruptedException();
      }
      Optional<String> free = names.stream().filter(n -> !looking.contains(n)).findFirst();
      if (free.isPresent()) {
        names.remove(free.get());
        looking.add(free.get());
        return free.get();
      }
      if (later.isEmpty() || !names.isEmpty()) {
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
  }

  private synchronized void looked(String name) {
    looking.remove(name);
    notifyAll();
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
      for (Thread thread : threads) {
        thread.join(PATIENCE_AT_THE_END);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
