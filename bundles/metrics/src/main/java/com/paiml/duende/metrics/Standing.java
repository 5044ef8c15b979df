package com.paiml.duende.metrics;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Durations;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.MetricsExport;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.ComponentServiceObjects;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceScope;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * Turns on what the configuration asks for: {@code duende.metrics.port}, {@code duende.metrics.otlp} and {@code
 * duende.metrics.interval} of {@code etc/container.properties}, or Configuration Admin's {@value #PID}. Where neither asks,
 * nothing is made.
 */
@Component(
    service = {},
    immediate = true,
    configurationPid = Standing.PID)
@Designate(ocd = Standing.Settings.class)
public final class Standing {
  static final String PID = "com.paiml.duende.metrics";
  private static final Logger LOG = System.getLogger(Standing.class.getName());
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final ComponentServiceObjects<MetricsExport> exports;
  private final BundleContext context;
  private volatile boolean ended;
  private @Nullable MetricsExport export;
  private @Nullable Thread thread;

  /** The configuration. */
  @ObjectClassDefinition(
      name = "Duende metrics",
      description = "Where the figures of daemons go without being asked for by a command")
  public @interface Settings {
    @AttributeDefinition(description = "answer Prometheus on this port of 127.0.0.1; 0: do not")
    int port() default 0;

    @AttributeDefinition(description = "send to this OTLP collector; empty: do not")
    String otlp() default "";

    @AttributeDefinition(description = "time between batches to the collector: 15s, 1m")
    String interval() default "";
  }

  @Activate
  public Standing(
      @Reference(scope = ReferenceScope.BUNDLE) ComponentServiceObjects<MetricsExport> exports,
      BundleContext context,
      Settings settings) {
    this.exports = exports;
    this.context = context;
    String port = settings.port() > 0 ? Integer.toString(settings.port()) : property("port");
    String otlp = settings.otlp().isBlank() ? property("otlp") : settings.otlp();
    String interval = settings.interval().isBlank() ? property("interval") : settings.interval();
    // A container for one command line would fight with the standing one for the port.
    boolean forOneCommand = "run".equals(context.getProperty("duende.mode"));
    if (forOneCommand || (port.isEmpty() && otlp.isEmpty())) {
      return;
    }
    thread = new Thread(() -> turnOn(port, otlp, interval), "duende-metrics-start");
    thread.setDaemon(true);
    thread.start();
  }

  private String property(String name) {
    String value = context.getProperty("duende.metrics." + name);
    return value == null ? "" : value.strip();
  }

  private void turnOn(String port, String otlp, String interval) {
    synchronized (this) {
      if (ended) {
        return;
      }
      MetricsExport present = exports.getService();
      export = present;
      if (!port.isEmpty() && !port.equals("0")) {
        attempt(
            () -> {
              URI at = present.serve(number(port), Deadline.after(PATIENCE));
              LOG.log(Level.INFO, "metrics at " + at);
            });
      }
      if (!otlp.isEmpty()) {
        attempt(
            () -> {
              present.push(address(otlp), duration(interval));
              LOG.log(Level.INFO, "metrics go to " + otlp);
            });
      }
    }
  }

  @FunctionalInterface
  private interface Attempt {
    void run() throws DaemonException;
  }

  private static void attempt(Attempt attempt) {
    try {
      attempt.run();
    } catch (DaemonException e) {
      LOG.log(Level.ERROR, e.getMessage());
    }
  }

  private static int number(String port) {
    try {
      return Integer.parseInt(port);
    } catch (NumberFormatException e) {
      // Told by whoever is asked to serve it.
      return -1;
    }
  }

  private static URI address(String text) {
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      return URI.create("");
    }
  }

  private static Duration duration(String interval) {
    Optional<Duration> given = Durations.parse(interval);
    return interval.isEmpty() ? Duration.ofSeconds(15) : given.orElse(Duration.ZERO);
  }

  @Deactivate
  void end() {
    ended = true;
    Thread starting = thread;
    if (starting != null) {
      starting.interrupt();
    }
    synchronized (this) {
      MetricsExport present = export;
      export = null;
      if (present != null) {
        present.stopServing();
        present.stopPushing();
        exports.ungetService(present);
      }
    }
  }
}
