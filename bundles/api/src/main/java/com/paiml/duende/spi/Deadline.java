package com.paiml.duende.spi;

import java.time.Duration;

/** A point of monotonic time by which a call returns. Passed down from call to call, so that the parts share one limit. */
public record Deadline(long nanoTime) {

  public static Deadline after(Duration time) {
    return new Deadline(System.nanoTime() + time.toNanos());
  }

  /** What is left; zero when it has passed. */
  public Duration remaining() {
    return Duration.ofNanos(Math.max(0, nanoTime - System.nanoTime()));
  }

  public boolean hasPassed() {
    return nanoTime - System.nanoTime() <= 0;
  }

  /** The earlier of this one and that much time from now. */
  public Deadline orAfter(Duration time) {
    Deadline other = after(time);
    return nanoTime - other.nanoTime <= 0 ? this : other;
  }
}
