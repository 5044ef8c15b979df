package com.paiml.duende.adapter.process;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** A daemon whose parts are given one by one. */
class Objects implements Daemon {
  interface Body {
    ExitReason run(DaemonContext context) throws Exception;
  }

  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();
  private final Body body;
  final AtomicInteger inits = new AtomicInteger();
  final AtomicInteger shutdowns = new AtomicInteger();
  volatile Duration shutdownTimeout = Duration.ZERO;

  Objects(Body body) {
    this.body = body;
  }

  /** Waits for its shutdown. */
  static Objects idle() {
    return new Objects(
        context -> {
          while (!context.shouldShutdown()) {
            context.sleep(Duration.ofHours(1));
          }
          return new ExitReason.Graceful();
        });
  }

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "object";
  }

  @Override
  public void init(DaemonConfig config) throws Exception {
    inits.incrementAndGet();
  }

  @Override
  public ExitReason run(DaemonContext context) throws Exception {
    return body.run(context);
  }

  @Override
  public void shutdown(Duration timeout) throws Exception {
    shutdownTimeout = timeout;
    shutdowns.incrementAndGet();
  }

  @Override
  public HealthStatus healthCheck() {
    return HealthStatus.healthy(5);
  }

  @Override
  public DaemonMetrics metrics() {
    return metrics;
  }
}
