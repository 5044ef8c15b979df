package com.paiml.duende.api;

import java.time.Duration;
import java.util.Objects;

/** Why a daemon's run ended: all that is known about it. */
public sealed interface ExitReason {

  /** One line for people. */
  String describe();

  /** Whether the run ended as it should: only {@link Graceful}. Exit rules of the file may judge otherwise. */
  default boolean isSuccess() {
    return this instanceof Graceful;
  }

  /** It returned, or exited with status 0. */
  record Graceful() implements ExitReason {
    @Override
    public String describe() {
      return "graceful";
    }
  }

  /**
   * It exited with a status other than 0, or threw.
   *
   * @param code the exit status, 1 to 255; 1 for code that threw
   * @param message what it said; may be empty
   */
  record Failure(int code, String message) implements ExitReason {
    public Failure {
      Objects.requireNonNull(message, "message");
    }

    @Override
    public String describe() {
      return message.isEmpty() ? "exit code " + code : "exit code " + code + " (" + message + ")";
    }
  }

  /**
   * A signal ended it.
   *
   * @param signal the platform's number, 1 to 64: not only the nine of {@link Signal}
   * @param coreDumped whether a core was written
   */
  record Signalled(int signal, boolean coreDumped) implements ExitReason {
    @Override
    public String describe() {
      return "signal "
          + signal
          + SignalNames.inParentheses(signal)
          + (coreDumped ? ", core dumped" : "");
    }
  }

  /** It hit a limit: {@code memory}, {@code pids}, {@code disk}… */
  record ResourceExhausted(String resource, String detail) implements ExitReason {
    @Override
    public String describe() {
      return "out of " + resource + (detail.isEmpty() ? "" : " (" + detail + ")");
    }
  }

  /** A policy ended it: the sandbox, a jidoka stop, a quality gate. */
  record PolicyViolation(String policy, String detail) implements ExitReason {
    @Override
    public String describe() {
      return "policy " + policy + (detail.isEmpty() ? "" : ": " + detail);
    }
  }

  /** It did not feed its watchdog for this long and was killed. */
  record WatchdogTimeout(Duration interval) implements ExitReason {
    @Override
    public String describe() {
      return "no heartbeat for " + interval.toMillis() + " ms";
    }
  }

  /** It failed its health check and was ended for that. */
  record HealthCheckFailed(String detail) implements ExitReason {
    @Override
    public String describe() {
      return "unhealthy" + (detail.isEmpty() ? "" : ": " + detail);
    }
  }

  /** It was not ready in time and was ended for that. */
  record ReadinessTimeout(Duration timeout) implements ExitReason {
    @Override
    public String describe() {
      return "not ready within " + timeout.toMillis() + " ms";
    }
  }

  /** The platform refuses to start it again so soon. */
  record StartLimitHit(String detail) implements ExitReason {
    @Override
    public String describe() {
      return "start limit hit" + (detail.isEmpty() ? "" : ": " + detail);
    }
  }

  /** In-process code that ignored shutdown and interruption; it may still be running and is not started twice. */
  record Abandoned(Duration waited) implements ExitReason {
    @Override
    public String describe() {
      return "abandoned: did not return within " + waited.toMillis() + " ms";
    }
  }

  /** It was gone when the manager looked for it, and how it ended is not known. */
  record Lost(String why) implements ExitReason {
    @Override
    public String describe() {
      return "lost: " + why;
    }
  }

  /** It lived in a JVM, machine or engine that ended. */
  record HostLost(String host) implements ExitReason {
    @Override
    public String describe() {
      return "host lost: " + host;
    }
  }

  /** It ended, and the platform does not say how. */
  record Unknown(String detail) implements ExitReason {
    @Override
    public String describe() {
      return "unknown" + (detail.isEmpty() ? "" : ": " + detail);
    }
  }

  /** The reason that an exit status gives: {@link Graceful} for 0, {@link Failure} otherwise. */
  static ExitReason ofCode(int code) {
    return code == 0 ? new Graceful() : new Failure(code, "");
  }
}
