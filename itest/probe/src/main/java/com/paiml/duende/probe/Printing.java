package com.paiml.duende.probe;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.time.Duration;

/** Prints as code does that knows nothing of Duende: on the JVM's standard streams, from its own thread and from another. */
public final class Printing implements Daemon {
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "printing";
  }

  @Override
  public void init(DaemonConfig config) {}

  @Override
  public ExitReason run(DaemonContext context) throws InterruptedException {
    Thread other = Thread.ofPlatform().start(() -> print(context, "other"));
    print(context, "own");
    other.join();
    return new ExitReason.Graceful();
  }

  @SuppressWarnings("SystemOut") // this is what is tried
  private static void print(DaemonContext context, String who) {
    for (int line = 1; context.sleep(PAUSE); line++) {
      System.out.println(who + " says " + line);
      System.err.println(who + " complains " + line);
    }
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
