package com.paiml.duende.observe.health;

import com.paiml.duende.api.HealthStatus;
import java.time.Instant;

/**
 * Something that happened to a watched service.
 *
 * @param name the service
 * @param kind what
 * @param status the answer that brought it
 * @param time when
 */
public record HealthEvent(String name, Kind kind, HealthStatus status, Instant time) {
  /** What happened. */
  public enum Kind {
    /** Its first good answers. */
    HEALTHY,
    /** It has failed as often in a row as it may. */
    UNHEALTHY,
    /** One probe ran out of time. */
    TIMEOUT,
    /** It answers well again after it was unhealthy. */
    RECOVERED
  }
}
