package com.paiml.duende.manager.engine;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs what is posted one after the other, in order, on threads of somebody else. */
final class Mailbox {
  private static final Logger LOG = System.getLogger(Mailbox.class.getName());

  /** After so many the thread goes to others first. */
  private static final int TURN = 256;

  /** A thread that has other things to do does so many. */
  private static final int TURN_HERE = 8;

  private final Executor threads;
  private final ConcurrentLinkedQueue<Runnable> posts = new ConcurrentLinkedQueue<>();
  private final AtomicInteger pending = new AtomicInteger();

  Mailbox(Executor threads) {
    this.threads = threads;
  }

  void post(Runnable what) {
    posts.add(what);
    if (pending.getAndIncrement() == 0) {
      schedule();
    }
  }

  /**
   * As {@link #post}, for a thread that would wait for the outcome, or has nothing better to do: it does the work itself when
   * nobody else is at it, for to wake another one takes longer than most messages.
   */
  void here(Runnable what) {
    posts.add(what);
    if (pending.getAndIncrement() == 0) {
      run(TURN_HERE);
    }
  }

  /**
   * As {@link #post}, for a thread that will say who does it once it is done with something else.
   *
   * @return whether {@link #work} or {@link #leave} has to be called then; else somebody is at it, who does this as well
   */
  boolean reserve(Runnable what) {
    posts.add(what);
    return pending.getAndIncrement() == 0;
  }

  /** Does what was {@link #reserve reserved}, and leaves the rest to the threads. */
  void work() {
    run(1);
  }

  /** Leaves what was {@link #reserve reserved} to the threads. */
  void leave() {
    schedule();
  }

  private void schedule() {
    try {
      threads.execute(() -> run(TURN));
    } catch (RejectedExecutionException e) {
      // The engine has ended: nobody waits for this any more.
      posts.clear();
    }
  }

  private void run(int turn) {
    int left = turn;
    do {
      Runnable post = posts.poll();
      if (post != null) {
        try {
          post.run();
        } catch (RuntimeException | Error e) {
          LOG.log(Level.ERROR, "a message could not be handled", e);
        }
      }
      if (--left == 0) {
        if (pending.decrementAndGet() > 0) {
          schedule();
        }
        return;
      }
    } while (pending.decrementAndGet() > 0);
  }
}
