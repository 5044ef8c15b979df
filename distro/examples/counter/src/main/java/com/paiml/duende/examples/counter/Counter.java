package com.paiml.duende.examples.counter;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.time.Duration;

/** Counts, a step a second, until it is asked to shut down. */
public final class Counter implements Daemon {
  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();
  // Health and metrics are asked for from other threads.
  private volatile long count;

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "counter";
  }

  @Override
  public void init(DaemonConfig config) {
    metrics.gauge("count", () -> count);
  }

  @Override
  public ExitReason run(DaemonContext context) {
    do {
      long started = System.nanoTime();
      long next = count + 1;
      count = next;
      context.out().println("Counter: " + next);
      metrics.recordRequest(Duration.ofNanos(System.nanoTime() - started));
    } while (context.sleep(Duration.ofSeconds(1)));
    context.out().println("Shutting down with final count: " + count);
    return new ExitReason.Graceful();
  }

  @Override
  public void shutdown(Duration timeout) {
    // Nothing is open.
  }

  @Override
  public HealthStatus healthCheck() {
    return HealthStatus.healthy(5).withCheck("counting", true, "at " + count);
  }

  @Override
  public DaemonMetrics metrics() {
    return metrics;
  }
}
