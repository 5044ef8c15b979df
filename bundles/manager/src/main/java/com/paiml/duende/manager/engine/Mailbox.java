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

  private void schedule() {
    try {
      threads.execute(this::run);
    } catch (RejectedExecutionException e) {
      // The engine has ended: nobody waits for this any more.
      posts.clear();
    }
  }

  private void run() {
    int left = TURN;
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
