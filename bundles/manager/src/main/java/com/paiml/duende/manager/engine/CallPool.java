package com.paiml.duende.manager.engine;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Threads for calls that block. A few serve calls that are quick. When calls wait and none has come to its end for {@link
 * #PATIENCE}, or half of the threads are held by calls that take longer than {@link #LONG}, more are added, up to a bound, so
 * that a hundred slow stops do not hold up a start. A thousand quick starts make no thread more, however long the last of them
 * waits: on a machine that is short of processors each would only take from the others, so none is added while as many as the
 * few are not held, and half of the few have, or wait for, a processor. Threads that have nothing to do end.
 */
final class CallPool implements Executor, AutoCloseable {
  private static final Logger LOG = System.getLogger(CallPool.class.getName());
  private static final Duration PATIENCE = Duration.ofMillis(100);
  private static final Duration LONG = Duration.ofMillis(500);
  private static final Duration ENDLESS = Duration.ofSeconds(5);
  private static final Duration IDLE = Duration.ofSeconds(10);
  private static final Duration AT_THE_END = Duration.ofSeconds(10);

  /** Each is another than all others. */
  private static final class Call {
    final Runnable what;
    // When it began to wait, and once it is in progress: when that began.
    long since = System.nanoTime();

    Call(Runnable what) {
      this.what = what;
    }
  }

  /** One of the threads. */
  private static final class Worker {
    final Optional<Path> account = account();
    volatile @Nullable Call call;
    // Of whoever watches.
    long wanted;
    boolean wants;

    /** Where the kernel tells what this thread had of processors, sched-stats.rst of the kernel; empty where it does not. */
    private static Optional<Path> account() {
      try {
        Path self = Files.readSymbolicLink(Path.of("/proc/thread-self"));
        return Optional.of(Path.of("/proc").resolve(self).resolve("schedstat"));
      } catch (IOException | UnsupportedOperationException otherSystem) {
        return Optional.empty();
      }
    }

    /** For how long it had or waited for a processor since this was asked before, nanoseconds; 0 where nobody knows. */
    private long wantedSince() {
      try {
        long before = wanted;
        if (account.isPresent()) {
          String[] words = Files.readString(account.get()).strip().split(" ", -1);
          wanted = Long.parseLong(words[0]) + Long.parseLong(words[1]);
        }
        return wanted - before;
      } catch (IOException | RuntimeException ended) {
        return 0;
      }
    }

    /** Whether it had or waited for a processor for more than a tenth of that time, since this was asked before. */
    void look(Duration time) {
      wants = wantedSince() > time.toNanos() / 10;
    }

    /** Whether its call has taken that long. */
    boolean isHeldFor(Duration time) {
      Call now = call;
      return now != null && System.nanoTime() - now.since >= time.toNanos();
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Condition ended = lock.newCondition();
  private final Condition rest = lock.newCondition();
  private final ArrayDeque<Call> calls = new ArrayDeque<>();
  private final Set<Worker> workers = ConcurrentHashMap.newKeySet();
  private final String name;
  private final int few;
  private final int most;
  private final Duration endless;
  private int threads;
  private int guests;
  private int idle;
  private int number;
  private long done;
  private boolean watched;
  private boolean closed;

  /**
   * @param few threads that calls get at once
   * @param most threads that there are ever
   */
  CallPool(String name, int few, int most) {
    this(name, few, most, ENDLESS);
  }

  /** @param endless whoever computes for longer holds a thread as who waits does */
  CallPool(String name, int few, int most, Duration endless) {
    this.endless = endless;
    this.name = name;
    this.few = few;
    this.most = most;
  }

  @Override
  public void execute(Runnable call) {
    lock.lock();
    try {
      if (closed) {
        throw new RejectedExecutionException(name + " is closed");
      }
      calls.addLast(new Call(call));
      work.signal();
      // Who was woken for a call before this one counts as idle until it has come.
      if (calls.size() <= idle) {
        return;
      }
      if (threads < few) {
        grow();
      } else if (!watched && threads < most) {
        watched = true;
        start("growth", this::watch);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes a call on the thread that asks for it, which is somebody else's, as if it were one of these.
   *
   * @return false when none is accepted any more
   */
  boolean here(Runnable call) {
    lock.lock();
    try {
      if (closed) {
        return false;
      }
      guests++;
    } finally {
      lock.unlock();
    }
    try {
      call.run();
    } finally {
      lock.lock();
      try {
        guests--;
        ended.signalAll();
        rest.signalAll();
      } finally {
        lock.unlock();
      }
    }
    return true;
  }

  int threads() {
    lock.lock();
    try {
      return threads;
    } finally {
      lock.unlock();
    }
  }

  private void grow() {
    threads++;
    start(Integer.toString(++number), this::serve);
  }

  private void start(String suffix, Runnable what) {
    Thread.ofPlatform().daemon().name(name + "-" + suffix).start(what);
  }

  /** Adds threads as long as calls wait in vain. */
  private void watch() {
    long doneBefore = -1;
    long lookedAt = System.nanoTime();
    workers.forEach(worker -> worker.look(Duration.ZERO));
    while (true) {
      try {
        Thread.sleep(PATIENCE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      long now = System.nanoTime();
      Duration time = Duration.ofNanos(now - lookedAt);
      workers.forEach(worker -> worker.look(time));
      lookedAt = now;
      lock.lock();
      try {
        Call head = calls.peekFirst();
        if (head == null || closed || threads >= most || Thread.currentThread().isInterrupted()) {
          watched = false;
          return;
        }
        long waited = System.nanoTime() - head.since;
        if (isCrowded()) {
          LOG.log(Level.TRACE, "{0}: more threads would have to share processors", name);
        } else if (done == doneBefore && waited >= PATIENCE.toNanos()) {
          // By a quarter: a burst of slow calls is served soon, one slow call costs one thread.
          for (int n = Math.max(1, threads / 4); n > 0 && threads < most; n--) {
            grow();
          }
        } else if (waited >= LONG.toNanos()
            && 2 * count(worker -> worker.isHeldFor(LONG)) >= threads) {
          grow();
        }
        doneBefore = done;
      } finally {
        lock.unlock();
      }
    }
  }

  /** Whether another thread would only have to share processors with those that are not held. */
  private boolean isCrowded() {
    int held =
        count(worker -> worker.isHeldFor(endless) || (!worker.wants && worker.isHeldFor(LONG)));
    int wanting = count(worker -> worker.wants && !worker.isHeldFor(endless));
    return threads - held >= few && wanting >= (few + 1) / 2;
  }

  private int count(Predicate<Worker> which) {
    return Math.toIntExact(workers.stream().filter(which).count());
  }

  private void serve() {
    Worker self = new Worker();
    boolean _ = workers.add(self);
    Call call;
    while ((call = next(self)) != null) {
      try {
        call.what.run();
      } catch (RuntimeException | Error e) {
        LOG.log(Level.ERROR, "a call failed unexpectedly", e);
      }
    }
    boolean _ = workers.remove(self);
  }

  private @Nullable Call next(Worker self) {
    lock.lock();
    try {
      if (self.call != null) {
        done++;
        self.call = null;
      }
      long patience = IDLE.toNanos();
      while (calls.isEmpty()) {
        if (closed || patience <= 0) {
          threads--;
          ended.signalAll();
          rest.signalAll();
          return null;
        }
        idle++;
        rest.signalAll();
        try {
          patience = work.awaitNanos(patience);
        } catch (InterruptedException e) {
          // Meant for a call that is over.
          patience = IDLE.toNanos();
        } finally {
          idle--;
        }
      }
      Call call = calls.removeFirst();
      call.since = System.nanoTime();
      self.call = call;
      return call;
    } finally {
      lock.unlock();
    }
  }

  /** Returns when no call is in progress or in the queue, after ten seconds at most. */
  void awaitIdle() {
    lock.lock();
    try {
      long left = AT_THE_END.toNanos();
      while ((!calls.isEmpty() || idle < threads || guests > 0) && left > 0) {
        left = rest.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /** Lets calls in progress and in the queue finish, for at most ten seconds; none is accepted any more. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      work.signalAll();
      long left = AT_THE_END.toNanos();
      while (threads + guests > 0 && left > 0) {
        left = ended.awaitNanos(left);
      }
      if (threads + guests > 0) {
        LOG.log(Level.WARNING, "{0}: {1} calls have not returned in time", name, threads + guests);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }
}
