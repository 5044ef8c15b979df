package com.paiml.duende.api;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/**
 * The answer to a health check.
 *
 * @param state the verdict
 * @param score 0 (dead) to 5 (in full health)
 * @param checks the single checks behind the verdict; may be empty
 * @param latency what the check took; zero until the one who asked has filled it in
 * @param time when it was made
 */
public record HealthStatus(
    State state, int score, List<Check> checks, Duration latency, Instant time) {

  /** The verdict. */
  public enum State {
    HEALTHY,
    /** Works, but not as it should. */
    DEGRADED,
    UNHEALTHY
  }

  /** One named check. */
  public record Check(String name, boolean passed, String message) {
    public Check {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(message, "message");
    }
  }

  public HealthStatus {
    Objects.requireNonNull(state, "state");
    if (score < 0 || score > 5) {
      throw new IllegalArgumentException("a health score is 0 to 5, not " + score);
    }
    checks = List.copyOf(checks);
    Objects.requireNonNull(latency, "latency");
    Objects.requireNonNull(time, "time");
  }

  public static HealthStatus healthy(int score) {
    return new HealthStatus(State.HEALTHY, score, List.of(), Duration.ZERO, Instant.now());
  }

  public static HealthStatus degraded(int score, String message) {
    return new HealthStatus(
        State.DEGRADED,
        score,
        List.of(new Check("daemon", false, message)),
        Duration.ZERO,
        Instant.now());
  }

  public static HealthStatus unhealthy(String message) {
    return new HealthStatus(
        State.UNHEALTHY,
        0,
        List.of(new Check("daemon", false, message)),
        Duration.ZERO,
        Instant.now());
  }

  /** The same answer with one more check. */
  public HealthStatus withCheck(String name, boolean passed, String message) {
    List<Check> more = new java.util.ArrayList<>(checks);
    more.add(new Check(name, passed, message));
    return new HealthStatus(state, score, more, latency, time);
  }

  /** The same answer, measured. */
  public HealthStatus withLatency(Duration measured) {
    return new HealthStatus(state, score, checks, measured, time);
  }

  public boolean isHealthy() {
    return state == State.HEALTHY;
  }
}
