package com.paiml.duende.api;

import java.time.Duration;

/**
 * How long to wait before a restart, table {@code [backoff]}.
 *
 * @param initial before the first restart
 * @param max at most
 * @param multiplier from one restart to the next, at least 1
 * @param jitter fraction of the delay, 0 to 1, by which it is lengthened or shortened at random
 * @param resetAfter a healthy spell of this length halves the count of restarts, and each further one again, down to zero
 */
public record Backoff(
    Duration initial, Duration max, double multiplier, double jitter, Duration resetAfter) {
  public static final Backoff DEFAULT =
      new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(300), 2.0, 0.1, Duration.ofMinutes(10));
}
