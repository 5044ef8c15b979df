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
 * Twice a second it feeds its watchdog and writes a line to {@code ticks} in its state directory, and at the beginning of each
 * life one to {@code lives}. With {@code TICKS=N} in its environment it does so N times, and then nothing any more.
 */
public final class Ticking implements Daemon {
  private static final Duration TICK = Duration.ofMillis(500);
  private static final Duration LONG = Duration.ofHours(1);

  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "ticking";
  }

  @Override
  public void init(DaemonConfig config) {}

  @Override
  public ExitReason run(DaemonContext context) throws IOException {
    long most = context.config().env("TICKS").map(Long::parseLong).orElse(Long.MAX_VALUE);
    write(context, "lives");
    context.ready();
    for (long i = 0; i < most && !context.shouldShutdown(); i++) {
      context.heartbeat();
      write(context, "ticks");
      boolean _ = context.sleep(TICK);
    }
    while (!context.shouldShutdown()) {
      boolean _ = context.sleep(LONG);
    }
    return new ExitReason.Graceful();
  }

  /** The seconds that the machine is up, as the kernel has them: no clock that anybody could set. */
  private static void write(DaemonContext context, String file) throws IOException {
    Path path = context.stateDirectory().resolve(file);
    String up = Files.readString(Path.of("/proc/uptime")).split(" ")[0];
    Files.writeString(path, up + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
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
