package com.paiml.duende.api;

import java.time.Duration;
import java.util.Optional;

/**
 * What policy engines are told, table {@code [policy]}.
 *
 * @param breaker the circuit breaker on the daemon's restarts; empty: none
 * @param rateLimit requests per second; 0 none
 * @param queue requests that may wait; 0 none
 */
public record PolicyConfig(Optional<Breaker> breaker, double rateLimit, int queue) {

  /**
   * @param failures in a row until it opens
   * @param timeout how long it stays open
   * @param successes in a row, half open, until it closes
   * @param halfOpen how many are let through at a time while half open
   */
  public record Breaker(int failures, Duration timeout, int successes, int halfOpen) {
    public static final Breaker DEFAULT = new Breaker(5, Duration.ofSeconds(30), 3, 1);
  }

  public static final PolicyConfig NONE = new PolicyConfig(Optional.empty(), 0, 0);
}
