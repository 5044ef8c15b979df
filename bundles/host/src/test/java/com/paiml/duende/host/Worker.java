package com.paiml.duende.host;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Signal;
import java.time.Duration;
import java.util.Optional;

/** A daemon that does what its configuration's description says. */
public final class Worker implements Daemon {
  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();
  private volatile String task = "";

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "worker";
  }

  @Override
  public void init(DaemonConfig config) {
    task = config.description();
    if (task.equals("bad init")) {
      throw new IllegalStateException("no port");
    }
    System.out.println("init " + task);
  }

  @Override
  public ExitReason run(DaemonContext context) throws Exception {
    context.onReload(c -> System.out.println("reloaded " + c.description()));
    metrics.recordRequest(Duration.ofMillis(3));
    switch (task) {
      case "fail" -> {
        return new ExitReason.Failure(42, "as asked");
      }
      case "throw" -> throw new java.io.IOException("disk on fire");
      case "memory" -> throw new OutOfMemoryError("as asked");
      case "deaf" -> {
        while (true) {
          try {
            Thread.sleep(Duration.ofHours(1));
          } catch (InterruptedException ignored) {
            // This is a daemon that ignores interruption.
          }
        }
      }
      default -> {
        context.statusText("at work");
        context.heartbeat();
        context.ready();
        while (!context.shouldShutdown()) {
          Optional<Signal> signal = context.awaitSignal(Duration.ofHours(1));
          signal.ifPresent(s -> System.out.println("got " + s));
        }
        return new ExitReason.Graceful();
      }
    }
  }

  @Override
  public void shutdown(Duration timeout) {
    System.out.println("shutdown");
  }

  @Override
  public HealthStatus healthCheck() {
    return HealthStatus.healthy(4).withCheck("task", true, task);
  }

  @Override
  public DaemonMetrics metrics() {
    return metrics;
  }
}
