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

/** Writes a line to {@code lives} in its state directory at the beginning of each life, and fails half a second later. */
public final class Brief implements Daemon {
  private static final Duration LIFE = Duration.ofMillis(500);

  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "brief";
  }

  @Override
  public void init(DaemonConfig config) {}

  @Override
  public ExitReason run(DaemonContext context) throws IOException {
    Path lives = context.stateDirectory().resolve("lives");
    Files.writeString(lives, "alive\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    if (context.sleep(LIFE)) {
      throw new IOException("its life is over");
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
