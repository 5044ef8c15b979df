package com.paiml.duende.control;

import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.time.Duration;
import java.time.Instant;

/** Something that happened to a daemon. Events of one daemon arrive in order. */
public sealed interface DaemonEvent {
  /** What every event carries. */
  Source source();

  /** One line for people, without time and name. */
  String describe();

  /**
   * @param name the daemon, or the platform for events about an adapter
   * @param id its id
   * @param time when
   * @param generation number of the run
   */
  record Source(String name, DaemonId id, Instant time, long generation) {}

  /**
   * It was deployed, for the first time or with another configuration; not again after a start of the container.
   *
   * @param origin where the configuration came from
   */
  record Deployed(Source source, String origin) implements DaemonEvent {
    @Override
    public String describe() {
      return "deployed from " + origin;
    }
  }

  /** It went from one state to another. */
  record StateChanged(Source source, DaemonStatus from, DaemonStatus to) implements DaemonEvent {
    @Override
    public String describe() {
      return from + " -> " + to;
    }
  }

  /** It is ready. */
  record BecameReady(Source source, Duration took) implements DaemonEvent {
    @Override
    public String describe() {
      return "ready after " + took.toMillis() + " ms";
    }
  }

  /** A run ended. */
  record Exited(Source source, ExitReason reason) implements DaemonEvent {
    @Override
    public String describe() {
      return "exited: " + reason.describe();
    }
  }

  /** It will be started again. */
  record RestartScheduled(Source source, Duration delay, long restarts) implements DaemonEvent {
    @Override
    public String describe() {
      return "restart " + restarts + " in " + delay.toMillis() + " ms";
    }
  }

  /** The platform itself started it again. */
  record PlatformRestarted(Source source, ExitReason previous, long restarts)
      implements DaemonEvent {
    @Override
    public String describe() {
      return "restarted by the platform after " + previous.describe();
    }
  }

  /** Its health changed. */
  record HealthChanged(Source source, HealthStatus health) implements DaemonEvent {
    @Override
    public String describe() {
      return "health: " + health.state().name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /** A probe failed or ran out of time; the state of health may not have changed yet. */
  record ProbeFailed(Source source, String detail, int inARow) implements DaemonEvent {
    @Override
    public String describe() {
      return "probe failed (" + inARow + " in a row): " + detail;
    }
  }

  /** Its configuration was read again. */
  record Reloaded(Source source) implements DaemonEvent {
    @Override
    public String describe() {
      return "configuration reloaded";
    }
  }

  /** Its limits were changed while it ran. */
  record LimitsChanged(Source source, String detail) implements DaemonEvent {
    @Override
    public String describe() {
      return "limits: " + detail;
    }
  }

  /** Something unusual: a limit reached, an anomaly. */
  record Alert(Source source, String kind, String detail) implements DaemonEvent {
    @Override
    public String describe() {
      return "alert " + kind + ": " + detail;
    }
  }

  /** It was taken up again after a restart of the container, the manager or the adapter. */
  record Recovered(Source source, String how) implements DaemonEvent {
    @Override
    public String describe() {
      return "recovered: " + how;
    }
  }

  /** What it runs in came or went: its platform's adapter. */
  record AdapterChanged(Source source, String platform, boolean present) implements DaemonEvent {
    @Override
    public String describe() {
      return "adapter " + platform + (present ? " is back" : " is gone");
    }
  }

  /** It was removed. */
  record Removed(Source source) implements DaemonEvent {
    @Override
    public String describe() {
      return "removed";
    }
  }

  /** The listener was too slow and missed this many events. */
  record Missed(Source source, long count) implements DaemonEvent {
    @Override
    public String describe() {
      return count + " events missed";
    }
  }
}
