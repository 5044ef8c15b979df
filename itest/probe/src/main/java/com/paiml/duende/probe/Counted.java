package com.paiml.duende.probe;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/**
 * Writes a line to {@code lives} in its state directory at the beginning of each life, and the value of its variable {@code
 * GREETING} to its log, now and at each reload.
 */
public final class Counted implements Daemon {
  private static final Duration LONG = Duration.ofHours(1);

  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "counted";
  }

  @Override
  public void init(DaemonConfig config) {}

  @Override
  public ExitReason run(DaemonContext context) throws IOException {
    Path lives = context.stateDirectory().resolve("lives");
    Files.writeString(lives, "alive\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    greet(context, context.config());
    context.onReload(config -> greet(context, config));
    while (!context.shouldShutdown()) {
      boolean _ = context.sleep(LONG);
    }
    return new ExitReason.Graceful();
  }

  private static void greet(DaemonContext context, DaemonConfig config) {
    context.out().println("greeting " + config.env("GREETING").orElse("none"));
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
