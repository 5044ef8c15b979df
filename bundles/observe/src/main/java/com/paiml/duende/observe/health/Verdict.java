package com.paiml.duende.observe.health;

import com.paiml.duende.api.HealthStatus;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Counts answers: so many failures in a row make a service unhealthy, so many good ones healthy again. */
final class Verdict {
  private final int retries;
  private final int successes;
  private int good;
  private int bad;
  private @Nullable Boolean healthy;
  private long checks;
  private long failures;
  private long timeouts;
  private long nanos;
  private long longest;

  Verdict(int retries, int successes) {
    this.retries = retries;
    this.successes = successes;
  }

  /** Takes an answer; what it changed, if anything. */
  synchronized Optional<HealthEvent.Kind> add(HealthStatus status, boolean timeout) {
    checks++;
    nanos += status.latency().toNanos();
    longest = Math.max(longest, status.latency().toNanos());
    // Degraded works, though not as it should.
    boolean works = !timeout && status.state() != HealthStatus.State.UNHEALTHY;
    if (works) {
      bad = 0;
      good++;
      // Before anything is known one good answer is enough; after a failure it takes more.
      int needed = healthy == null ? 1 : successes;
      if (!Boolean.TRUE.equals(healthy) && good >= needed) {
        boolean first = healthy == null;
        healthy = true;
        return Optional.of(first ? HealthEvent.Kind.HEALTHY : HealthEvent.Kind.RECOVERED);
      }
      return Optional.empty();
    }
    good = 0;
    bad++;
    failures++;
    timeouts += timeout ? 1 : 0;
    if (bad >= retries && !Boolean.FALSE.equals(healthy)) {
      healthy = false;
      return Optional.of(HealthEvent.Kind.UNHEALTHY);
    }
    return timeout ? Optional.of(HealthEvent.Kind.TIMEOUT) : Optional.empty();
  }

  synchronized Optional<Boolean> isHealthy() {
    return Optional.ofNullable(healthy);
  }

  synchronized HealthStatistics statistics() {
    return new HealthStatistics(
        checks,
        failures,
        timeouts,
        Duration.ofNanos(checks == 0 ? 0 : nanos / checks),
        Duration.ofNanos(longest));
  }
}
