package com.paiml.duende.policy.breaker;

import com.paiml.duende.spi.CircuitBreaker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * A breaker whose whole state is one word, changed by compare-and-set: state (2 bits), count (20 bits: failures in a row, or
 * successes while half open), calls in flight while half open (10 bits), epoch (31 bits). The epoch grows at each change of
 * state and is the permit, so that the outcome of a call that began in an earlier state is told apart and not counted.
 */
final class AtomicBreaker implements CircuitBreaker {
  private static final int CLOSED = 0;
  private static final int OPEN = 1;
  private static final int HALF_OPEN = 2;

  private static final int COUNT_SHIFT = 2;
  private static final int COUNT_BITS = 20;
  private static final int FLIGHT_SHIFT = COUNT_SHIFT + COUNT_BITS;
  private static final int FLIGHT_BITS = 10;
  private static final int EPOCH_SHIFT = FLIGHT_SHIFT + FLIGHT_BITS;
  private static final long EPOCH_MASK = (1L << 31) - 1;

  private final int failures;
  private final long timeoutNanos;
  private final int successes;
  private final int halfOpen;
  private final LongSupplier clock;
  private final AtomicLong word = new AtomicLong(word(CLOSED, 0, 0, 0));
  private final AtomicLong trips = new AtomicLong();

  /** End of the time open; while half open, when calls that never report are given up. Written before the state. */
  private volatile long until;

  AtomicBreaker(int failures, Duration timeout, int successes, int halfOpen, LongSupplier clock) {
    this.failures = inRange(failures, 1_000_000, "failures");
    this.successes = inRange(successes, 1_000_000, "successes");
    this.halfOpen = inRange(halfOpen, 1000, "half_open");
    this.timeoutNanos = timeout.toNanos();
    this.clock = clock;
  }

  private static int inRange(int n, int max, String what) {
    if (n < 1 || n > max) {
      throw new IllegalArgumentException(
          what + " of a circuit breaker is 1 to " + max + ", not " + n);
    }
    return n;
  }

  @Override
  public long tryAcquire() {
    while (true) {
      long w = word.get();
      switch (state(w)) {
        case CLOSED -> {
          return epoch(w);
        }
        case OPEN -> {
          if (clock.getAsLong() - until < 0) {
            return REFUSED;
          }
          if (enterHalfOpen(w)) {
            return nextEpoch(w);
          }
        }
        default -> {
          if (flight(w) < halfOpen) {
            if (word.compareAndSet(w, word(HALF_OPEN, count(w), flight(w) + 1, epoch(w)))) {
              return epoch(w);
            }
          } else if (clock.getAsLong() - until < 0) {
            return REFUSED;
          } else if (enterHalfOpen(w)) {
            // Those in flight never reported; without this the breaker would stay half open for
            // good.
            return nextEpoch(w);
          }
        }
      }
      Thread.onSpinWait();
    }
  }

  private boolean enterHalfOpen(long w) {
    // Written before the state, like every "until". Where another thread wins, it wrote nearly the
    // same time.
    until = clock.getAsLong() + timeoutNanos;
    return word.compareAndSet(w, word(HALF_OPEN, 0, 1, nextEpoch(w)));
  }

  @Override
  public void succeeded(long permit) {
    while (true) {
      long w = word.get();
      if (epoch(w) != permit) {
        return;
      }
      long next;
      if (state(w) == CLOSED) {
        if (count(w) == 0) {
          return;
        }
        next = word(CLOSED, 0, 0, epoch(w));
      } else if (state(w) == HALF_OPEN) {
        int now = count(w) + 1;
        next =
            now >= successes
                ? word(CLOSED, 0, 0, nextEpoch(w))
                : word(HALF_OPEN, now, Math.max(0, flight(w) - 1), epoch(w));
      } else {
        return;
      }
      if (word.compareAndSet(w, next)) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public void failed(long permit) {
    while (true) {
      long w = word.get();
      if (epoch(w) != permit || state(w) == OPEN) {
        return;
      }
      int now = count(w) + 1;
      if (state(w) == CLOSED && now < failures) {
        if (word.compareAndSet(w, word(CLOSED, now, 0, epoch(w)))) {
          return;
        }
      } else {
        until = clock.getAsLong() + timeoutNanos;
        if (word.compareAndSet(w, word(OPEN, 0, 0, nextEpoch(w)))) {
          trips.incrementAndGet();
          return;
        }
      }
      Thread.onSpinWait();
    }
  }

  @Override
  public State state() {
    return switch (state(word.get())) {
      case CLOSED -> State.CLOSED;
      case OPEN -> State.OPEN;
      default -> State.HALF_OPEN;
    };
  }

  @Override
  public long trips() {
    return trips.get();
  }

  @Override
  public Duration untilTrial() {
    return state(word.get()) == OPEN
        ? Duration.ofNanos(Math.max(0, until - clock.getAsLong()))
        : Duration.ZERO;
  }

  private static long word(int state, int count, int flight, long epoch) {
    return state
        | (long) count << COUNT_SHIFT
        | (long) flight << FLIGHT_SHIFT
        | epoch << EPOCH_SHIFT;
  }

  private static int state(long w) {
    return (int) w & 3;
  }

  private static int count(long w) {
    return (int) (w >>> COUNT_SHIFT) & ((1 << COUNT_BITS) - 1);
  }

  private static int flight(long w) {
    return (int) (w >>> FLIGHT_SHIFT) & ((1 << FLIGHT_BITS) - 1);
  }

  private static long epoch(long w) {
    return w >>> EPOCH_SHIFT & EPOCH_MASK;
  }

  private static long nextEpoch(long w) {
    return epoch(w) + 1 & EPOCH_MASK;
  }
}
