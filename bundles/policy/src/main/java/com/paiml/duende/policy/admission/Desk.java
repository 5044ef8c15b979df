package com.paiml.duende.policy.admission;

import com.paiml.duende.spi.Admission;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Admission of one daemon. The rate is kept by the generic cell rate algorithm (ITU-T I.371): one word, the time at which
 * the next request would be due; a request more than the burst ahead of that time is refused.
 */
final class Desk implements Admission {
  private final LongSupplier clock;
  private final AtomicLong due;
  private final AtomicInteger inside = new AtomicInteger();
  private volatile Limits limits = Limits.NONE;

  /**
   * @param intervalNanos between two requests; 0 when there is no rate limit
   * @param burstNanos how far ahead of its time a request may come
   * @param queue how many may be inside; 0 no limit
   */
  private record Limits(long intervalNanos, long burstNanos, int queue) {
    static final Limits NONE = new Limits(0, 0, 0);
  }

  Desk(LongSupplier clock) {
    this.clock = clock;
    this.due = new AtomicLong(clock.getAsLong());
  }

  /**
   * @param rate requests per second; 0 none
   * @param queue how many may be inside; 0 none
   */
  void limit(double rate, int queue) {
    long interval = rate <= 0 ? 0 : Math.max(1, Math.round(1e9 / rate));
    // One request, or a twentieth of a second's worth, may come early: arrivals that jitter pass,
    // and ten seconds stay
    // within one percent.
    long burst = Math.max(interval, 50_000_000L);
    limits = new Limits(interval, burst, queue);
  }

  @Override
  public Outcome enter() {
    Limits now = limits;
    int was;
    do {
      was = inside.get();
      if (now.queue() > 0 && was >= now.queue()) {
        return Outcome.QUEUE_FULL;
      }
    } while (!inside.compareAndSet(was, was + 1));
    if (now.intervalNanos() > 0 && !takeTurn(now)) {
      inside.decrementAndGet();
      return Outcome.RATE_LIMITED;
    }
    return Outcome.ADMITTED;
  }

  private boolean takeTurn(Limits now) {
    while (true) {
      long time = clock.getAsLong();
      long next = due.get();
      long from = next - time > 0 ? next : time;
      if (from - time > now.burstNanos()) {
        return false;
      }
      if (due.compareAndSet(next, from + now.intervalNanos())) {
        return true;
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void leave() {
    int was;
    do {
      was = inside.get();
      if (was == 0) {
        throw new IllegalStateException("leave() without a request that was admitted");
      }
    } while (!inside.compareAndSet(was, was - 1));
  }

  @Override
  public int inside() {
    return inside.get();
  }
}
