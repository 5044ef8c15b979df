package com.paiml.duende.adapter.wos;

import com.paiml.duende.adapter.wos.abi.Printable;
import com.paiml.duende.adapter.wos.kernel.SessionEvents;
import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.RelayedEvents;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.DoubleAdder;

/**
 * What a module says of itself by the import {@code wos}: passed on as it comes, and kept for who asks for health and
 * metrics.
 */
final class ModuleReport implements SessionEvents, Daemon {

  private static final int MOST_METRICS = 1000;
  private static final int LONGEST_TEXT = 1000;
  private static final String NAME = "[A-Za-z_][A-Za-z0-9_]{0,63}";

  private final DaemonId id;
  private final String name;
  private final RelayedEvents events;
  private final DaemonMetrics metrics = new DaemonMetrics();
  private final Map<String, DoubleAdder> counters = new ConcurrentHashMap<>();
  private final Map<String, Double> gauges = new ConcurrentHashMap<>();
  private volatile HealthStatus health =
      HealthStatus.healthy(5).withCheck("module", true, "has said nothing");
  private volatile String status = "";

  ModuleReport(DaemonId id, String name, AdapterEvents events) {
    this.id = id;
    this.name = name;
    this.events = new RelayedEvents(events);
  }

  /** From now on these are told of it. */
  void tell(AdapterEvents next) {
    events.tell(next);
  }

  @Override
  public void ready() {
    events.ready();
  }

  @Override
  public void heartbeat() {
    events.heartbeat();
  }

  @Override
  public void status(String text) {
    status = Printable.of(text, LONGEST_TEXT);
    events.statusText(status);
  }

  String statusText() {
    return status;
  }

  @Override
  public void health(int score, String text) {
    String message = Printable.of(text, LONGEST_TEXT);
    HealthStatus said =
        switch (score) {
          case 0 -> HealthStatus.unhealthy(message);
          case 1, 2 -> HealthStatus.degraded(score, message);
          default -> HealthStatus.healthy(score).withCheck("module", true, message);
        };
    health = said;
    events.health(said);
  }

  /** {@code requests} and {@code errors} are counted as such, durations as those of requests; all else by its name. */
  @Override
  public void metric(String metric, MetricKind kind, double value) {
    switch (kind) {
      case COUNTER -> count(metric, value);
      case GAUGE -> {
        if (mayBeNamed(metric, gauges)) {
          gauges.put(metric, value);
          metrics.gauge(metric, () -> gauges.getOrDefault(metric, 0.0));
        }
      }
      case DURATION -> metrics.recordNanos((long) (value * 1e9));
    }
  }

  private void count(String metric, double value) {
    if (metric.equals("requests")) {
      for (long i = 0; i < Math.min((long) value, MOST_METRICS); i++) {
        metrics.recordRequest();
      }
    } else if (metric.equals("errors")) {
      for (long i = 0; i < Math.min((long) value, MOST_METRICS); i++) {
        metrics.recordError();
      }
    } else if (mayBeNamed(metric, counters)) {
      DoubleAdder counter = counters.computeIfAbsent(metric, m -> new DoubleAdder());
      counter.add(value);
      metrics.gauge(metric, counter::sum);
    }
  }

  private static boolean mayBeNamed(String metric, Map<String, ?> present) {
    return present.containsKey(metric)
        || (metric.matches(NAME) && present.size() < MOST_METRICS / 2);
  }

  @Override
  public void limitReached(String resource, String detail) {
    events.alert(resource, detail);
  }

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public HealthStatus healthCheck() {
    return health;
  }

  @Override
  public DaemonMetrics metrics() {
    return metrics;
  }

  /** The kernel runs the module; this object only speaks for it. */
  @Override
  public void init(DaemonConfig config) {
    throw new UnsupportedOperationException(name + " is run by the WebAssembly kernel");
  }

  @Override
  public ExitReason run(DaemonContext context) {
    throw new UnsupportedOperationException(name + " is run by the WebAssembly kernel");
  }

  @Override
  public void shutdown(Duration timeout) {
    throw new UnsupportedOperationException(name + " is run by the WebAssembly kernel");
  }
}
