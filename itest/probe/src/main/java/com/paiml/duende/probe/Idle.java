package com.paiml.duende.probe;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.time.Duration;

/** Does nothing until it is asked to end. */
public final class Idle implements Daemon {
  private static final Duration LONG = Duration.ofHours(1);

  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();
  private final String name;
  private final Runnable begun;

  /** A daemon class has a constructor without parameters. */
  public Idle() {
    this("idle", () -> {});
  }

  /** @param begun is told when its run begins */
  public Idle(String name, Runnable begun) {
    this.name = name;
    this.begun = begun;
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
    begun.run();
    while (!context.shouldShutdown()) {
      boolean _ = context.sleep(LONG);
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
}
