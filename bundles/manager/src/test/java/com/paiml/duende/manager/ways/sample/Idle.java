package com.paiml.duende.manager.ways.sample;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.time.Duration;

/** A daemon that sleeps. */
public class Idle implements Daemon {
  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();
  private final String name;

  public Idle() {
    this("idle");
  }

  protected Idle(String name) {
    this.name = name;
  }

  /** One that is called otherwise. */
  public static Idle named(String name) {
    return new Idle(name);
  }

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void init(DaemonConfig config) {}

  @Override
  public ExitReason run(DaemonContext context) {
    while (context.sleep(Duration.ofHours(1))) {
      // Nothing to do.
    }
    return new ExitReason.Graceful();
  }

  @Override
  public void shutdown(Duration timeout) {}

  @Override
  public HealthStatus healthCheck() {
    return HealthStatus.healthy(5);
  }

  @Override
  public DaemonMetrics metrics() {
    return metrics;
  }

  /** Has no public constructor. */
  public static final class Hidden extends Idle {
    private Hidden() {}
  }

  /** Its constructor fails. */
  public static final class Failing extends Idle {
    public Failing() {
      throw new IllegalStateException("no luck");
    }
  }

  /** Cannot be made. */
  public abstract static class Unfinished extends Idle {}
}
