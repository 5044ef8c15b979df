package com.paiml.duende.manager.engine;

import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks daemons for their health: so many at once, each with its time. One that runs out of it is interrupted and given up;
 * its place goes to the next one, whether it returns or not.
 */
final class Prober {
  /** Whoever asks may take a little longer than the one who answers, so that the answer can be "too late". */
  private static final Duration GRACE = Duration.ofMillis(500);

  /** One question. */
  @FunctionalInterface
  interface Question {
    HealthStatus ask(Deadline deadline) throws Exception;
  }

  /** A question that was put. */
  final class Probe {
    private final Question question;
    private final Duration timeout;
    private final Executor where;
    private final Consumer<HealthStatus> answer;
    private final AtomicBoolean answered = new AtomicBoolean();
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();
    private volatile boolean returned;
    private volatile Timers.Cancel timer = () -> {};

    private Probe(
        Question question, Duration timeout, Executor where, Consumer<HealthStatus> answer) {
      this.question = question;
      this.timeout = timeout;
      this.where = where;
      this.answer = answer;
    }

    /** Whether the one who was asked has come back, in time or not. */
    boolean hasReturned() {
      return returned;
    }

    private void begin() {
      timer = timers.after(timeout.plus(GRACE).toNanos(), this::giveUp);
      try {
        where.execute(this::ask);
      } catch (RejectedExecutionException e) {
        returned = true;
        answer(HealthStatus.unhealthy("the manager is stopping"));
      }
    }

    private void ask() {
      thread.set(Thread.currentThread());
      long began = System.nanoTime();
      HealthStatus status;
      try {
        status = question.ask(Deadline.after(timeout));
      } catch (InterruptedException e) {
        status = HealthStatus.unhealthy("no answer within " + timeout.toMillis() + " ms");
      } catch (Exception | LinkageError | StackOverflowError | AssertionError e) {
        // Code of others: whatever it throws is an answer.
        status =
            HealthStatus.unhealthy(String.valueOf(e.getMessage() == null ? e : e.getMessage()));
      }
      thread.set(null);
      var _ = Thread.interrupted();
      returned = true;
      answer(status.withLatency(Duration.ofNanos(System.nanoTime() - began)));
    }

    private void giveUp() {
      Thread busy = thread.get();
      if (busy != null) {
        busy.interrupt();
      }
      answer(
          HealthStatus.unhealthy("no answer within " + timeout.toMillis() + " ms")
              .withLatency(timeout));
    }

    private void answer(HealthStatus status) {
      if (answered.compareAndSet(false, true)) {
        timer.cancel();
        leave();
        answer.accept(status);
      }
    }
  }

  private final Timers timers;
  private final int atOnce;
  private final ArrayDeque<Probe> waiting = new ArrayDeque<>();
  private int running;

  Prober(Timers timers, int atOnce) {
    this.timers = timers;
    this.atOnce = atOnce;
  }

  /**
   * @param where asks there
   * @param answer is called once, in any thread, and returns at once
   */
  Probe put(Question question, Duration timeout, Executor where, Consumer<HealthStatus> answer) {
    Probe probe = new Probe(question, timeout, where, answer);
    synchronized (waiting) {
      if (running >= atOnce) {
        waiting.addLast(probe);
        return probe;
      }
      running++;
    }
    probe.begin();
    return probe;
  }

  private void leave() {
    Probe next;
    synchronized (waiting) {
      next = waiting.pollFirst();
      if (next == null) {
        running--;
        return;
      }
    }
    next.begin();
  }
}
