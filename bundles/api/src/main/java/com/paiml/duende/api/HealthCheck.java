package com.paiml.duende.api;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * How a running daemon is asked for its health, table {@code [health_check]}.
 *
 * @param enabled whether it is asked
 * @param type how
 * @param url for {@code http}; healthy at a status 200 to 399
 * @param address for {@code tcp}: {@code HOST:PORT}
 * @param command for {@code exec}: program and arguments; healthy at exit status 0
 * @param interval between two checks
 * @param timeout for one check; a probe that runs out of it is killed with all its children
 * @param retries failures in a row until it is unhealthy, at least 1
 * @param startPeriod after readiness, in which failures do not count
 * @param onUnhealthy what follows
 */
public record HealthCheck(
    boolean enabled,
    Type type,
    String url,
    String address,
    List<String> command,
    Duration interval,
    Duration timeout,
    int retries,
    Duration startPeriod,
    OnUnhealthy onUnhealthy) {

  /** How health is asked for. Written in lower case. */
  public enum Type {
    /** {@link Daemon#healthCheck()}: class daemons, and platforms that know the health of what they run. */
    DAEMON,
    EXEC,
    HTTP,
    TCP;

    /** The word of the daemon file. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What follows from ill health. */
  public enum OnUnhealthy {
    RESTART,
    REPORT
  }

  public static final HealthCheck DEFAULT =
      new HealthCheck(
          false,
          Type.DAEMON,
          "",
          "",
          List.of(),
          Duration.ofSeconds(30),
          Duration.ofSeconds(10),
          3,
          Duration.ZERO,
          OnUnhealthy.RESTART);

  public HealthCheck {
    command = List.copyOf(command);
  }
}
