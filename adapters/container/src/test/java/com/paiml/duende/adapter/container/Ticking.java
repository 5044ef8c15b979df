package com.paiml.duende.adapter.container;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** A daemon class that says where it runs, and goes on. */
public final class Ticking implements Daemon {
  private final DaemonMetrics metrics = new DaemonMetrics();

  @Override
  public DaemonId id() {
    return DaemonId.random();
  }

  @Override
  public String name() {
    return "ticking";
  }

  @Override
  public void init(DaemonConfig config) {
    System.out.println("shell in sight: " + Files.exists(Path.of("/bin/sh")));
  }

  @Override
  public ExitReason run(DaemonContext context) throws InterruptedException {
    System.out.println("ticking as process " + ProcessHandle.current().pid());
    while (!context.shouldShutdown()) {
      context.sleep(Duration.ofMillis(50));
    }
    return new ExitReason.Graceful();
  }

  @Override
  public void shutdown(Duration timeout) {
    System.out.println("bye");
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
