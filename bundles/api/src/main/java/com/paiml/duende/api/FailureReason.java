package com.paiml.duende.api;

import java.time.Duration;

/** Why a daemon is in the state <em>failed</em>. */
public sealed interface FailureReason {

  /** One line for people. */
  String describe();

  /** A signal ended it. */
  record SignalDeath(int signal) implements FailureReason {
    @Override
    public String describe() {
      return "killed by signal " + signal + SignalNames.inParentheses(signal);
    }
  }

  /** It exited with this status. */
  record ExitCode(int code) implements FailureReason {
    @Override
    public String describe() {
      return "exit code " + code;
    }
  }

  /** It ran out of this. */
  record ResourceExhausted(String resource) implements FailureReason {
    @Override
    public String describe() {
      return "out of " + resource;
    }
  }

  /** A policy stopped it, or forbade its start. */
  record PolicyViolation(String detail) implements FailureReason {
    @Override
    public String describe() {
      return "policy: " + detail;
    }
  }

  /** Its health check failed as often as the file allows. */
  record HealthCheckTimeout(String detail) implements FailureReason {
    @Override
    public String describe() {
      return "unhealthy: " + detail;
    }
  }

  /** It never became ready. */
  record NotReady(Duration timeout) implements FailureReason {
    @Override
    public String describe() {
      return "not ready within " + timeout.toMillis() + " ms";
    }
  }

  /** It died too often: the tally or the number of retries of the file. */
  record StartLimit(String detail) implements FailureReason {
    @Override
    public String describe() {
      return "died too often: " + detail;
    }
  }

  /** Something that it requires has failed. */
  record DependencyFailed(String dependency) implements FailureReason {
    @Override
    public String describe() {
      return "requires " + dependency + ", which failed";
    }
  }

  /** It was gone, or what it ran in was. */
  record Lost(String why) implements FailureReason {
    @Override
    public String describe() {
      return "lost: " + why;
    }
  }

  /** Anything else: it could not be started, its code threw, or it ignored its shutdown. */
  record Internal(String detail) implements FailureReason {
    @Override
    public String describe() {
      return detail;
    }
  }

  /** What a run's end means for a daemon that is not started again. */
  static FailureReason of(ExitReason exit) {
    return switch (exit) {
      case ExitReason.Graceful g -> new ExitCode(0);
      case ExitReason.Failure f ->
          f.message().isEmpty() ? new ExitCode(f.code()) : new Internal(f.describe());
      case ExitReason.Signalled s -> new SignalDeath(s.signal());
      case ExitReason.ResourceExhausted r -> new ResourceExhausted(r.resource());
      case ExitReason.PolicyViolation p ->
          new PolicyViolation(p.policy() + (p.detail().isEmpty() ? "" : ": " + p.detail()));
      case ExitReason.WatchdogTimeout w -> new HealthCheckTimeout(w.describe());
      case ExitReason.HealthCheckFailed h -> new HealthCheckTimeout(h.detail());
      case ExitReason.ReadinessTimeout r -> new NotReady(r.timeout());
      case ExitReason.StartLimitHit s -> new StartLimit(s.detail());
      case ExitReason.Abandoned a -> new Internal(a.describe());
      case ExitReason.Lost l -> new Lost(l.why());
      case ExitReason.HostLost h -> new Lost(h.describe());
      case ExitReason.Unknown u -> new Internal(u.describe());
    };
  }
}
