package ${package};

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.time.Duration;

/** Works a step a second until it is asked to shut down. */
public final class MyDaemon implements Daemon {
  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();
  private volatile long steps;

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "${artifactId}";
  }

  @Override
  public void init(DaemonConfig config) {
    metrics.gauge("steps", () -> steps);
  }

  @Override
  public ExitReason run(DaemonContext context) {
    do {
      steps = steps + 1;
      metrics.recordRequest();
      context.out().println("step " + steps);
    } while (context.sleep(Duration.ofSeconds(1)));
    return new ExitReason.Graceful();
  }

  @Override
  public void shutdown(Duration timeout) {
    // Put away here what init and run have opened.
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
