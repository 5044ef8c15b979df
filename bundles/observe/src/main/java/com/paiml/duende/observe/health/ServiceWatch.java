package com.paiml.duende.observe.health;

import com.paiml.duende.api.Durations;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HealthProbe;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * Watches one service that has no daemon file: a database on another machine, a gateway. One for each factory configuration of
 * {@code com.paiml.duende.observe.health}. Its thread sleeps between the checks.
 */
@Component(
    service = WatchedService.class,
    configurationPid = "com.paiml.duende.observe.health",
    configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = ServiceWatch.Settings.class, factory = true)
public final class ServiceWatch implements WatchedService {
  private static final Logger LOG = System.getLogger("duende.observe");
  private static final Duration SLACK = Duration.ofSeconds(5);

  /** The configuration. */
  @ObjectClassDefinition(name = "Duende watched service")
  public @interface Settings {
    /** Its name. */
    @AttributeDefinition(description = "its name, in events and for people")
    String name();

    /** How to ask. */
    @AttributeDefinition(description = "how to ask it: http or tcp, or what a plug-in offers")
    String type();

    /** Whom to ask. */
    @AttributeDefinition(description = "the URL, or HOST:PORT")
    String target();

    /** How often. */
    @AttributeDefinition(description = "how often it is asked")
    String interval() default "30s";

    /** How long an answer may take. */
    @AttributeDefinition(description = "how long an answer may take")
    String timeout() default "5s";

    /** Failures. */
    @AttributeDefinition(description = "failures in a row that make it unhealthy")
    int retries() default 3;

    /** Successes. */
    @AttributeDefinition(description = "good answers in a row that make it healthy again")
    int successes() default 2;
  }

  private record Probe(String type, HealthProbe probe) {}

  private final String name;
  private final String type;
  private final String target;
  private final Duration interval;
  private final Duration timeout;
  private final Verdict verdict;
  private final List<Probe> probes = new CopyOnWriteArrayList<>();
  private final List<HealthListener> listeners = new CopyOnWriteArrayList<>();
  private final Thread thread;
  private volatile @Nullable HealthStatus last;
  private volatile boolean closed;

  @Activate
  public ServiceWatch(Settings settings) {
    this(
        settings.name(),
        settings.type(),
        settings.target(),
        duration(settings.interval(), Duration.ofSeconds(30)),
        duration(settings.timeout(), Duration.ofSeconds(5)),
        Math.max(1, settings.retries()),
        Math.max(1, settings.successes()));
  }

  ServiceWatch(
      String name,
      String type,
      String target,
      Duration interval,
      Duration timeout,
      int retries,
      int successes) {
    this.name = name;
    this.type = type;
    this.target = target;
    this.interval = interval;
    this.timeout = timeout;
    this.verdict = new Verdict(retries, successes);
    this.thread = Thread.ofPlatform().daemon().name("duende-health-" + name).start(this::watch);
  }

  private static Duration duration(String text, Duration otherwise) {
    Optional<Duration> parsed = Durations.parse(text).filter(d -> d.toMillis() >= 10);
    if (parsed.isEmpty()) {
      LOG.log(
          Level.WARNING,
          "com.paiml.duende.observe.health: \"{0}\" is not a time; using {1} s",
          text,
          otherwise.toSeconds());
    }
    return parsed.orElse(otherwise);
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      unbind = "removeProbe")
  void addProbe(HealthProbe probe, Map<String, ?> properties) {
    boolean _ = probes.add(new Probe(String.valueOf(properties.get(HealthProbe.TYPE)), probe));
    LockSupport.unpark(thread);
  }

  void removeProbe(HealthProbe probe) {
    boolean _ = probes.removeIf(p -> p.probe().equals(probe));
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      unbind = "removeListener")
  void addListener(HealthListener listener) {
    boolean _ = listeners.add(listener);
  }

  void removeListener(HealthListener listener) {
    boolean _ = listeners.remove(listener);
  }

  private void watch() {
    while (!closed) {
      Optional<HealthProbe> probe =
          probes.stream().filter(p -> p.type().equals(type)).map(Probe::probe).findFirst();
      if (probe.isPresent()) {
        check(probe.get());
      }
      // Without a probe of its type nothing is known: the next one that comes wakes this thread.
      long next = System.nanoTime() + interval.toNanos();
      while (!closed && next - System.nanoTime() > 0) {
        LockSupport.parkNanos(next - System.nanoTime());
        if (probe.isEmpty()) {
          break;
        }
      }
    }
  }

  private void check(HealthProbe probe) {
    long begin = System.nanoTime();
    HealthStatus answer;
    try {
      answer = probe.probe(target, Deadline.after(timeout));
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "the probe \"" + type + "\" of " + name, e);
      answer = HealthStatus.unhealthy(String.valueOf(e));
    }
    if (closed) {
      return;
    }
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    HealthStatus measured = answer.withLatency(took);
    last = measured;
    boolean late = took.compareTo(timeout) >= 0 && measured.state() == HealthStatus.State.UNHEALTHY;
    verdict.add(measured, late).ifPresent(kind -> tell(kind, measured));
  }

  private void tell(HealthEvent.Kind kind, HealthStatus status) {
    LOG.log(
        kind == HealthEvent.Kind.UNHEALTHY || kind == HealthEvent.Kind.TIMEOUT
            ? Level.WARNING
            : Level.INFO,
        "service {0}: {1}",
        name,
        kind.name().toLowerCase(java.util.Locale.ROOT));
    HealthEvent event = new HealthEvent(name, kind, status, Instant.now());
    for (HealthListener listener : listeners) {
      try {
        listener.onEvent(event);
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "a listener to " + name, e);
      }
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Optional<HealthStatus> status() {
    return Optional.ofNullable(last);
  }

  @Override
  public Optional<Boolean> isHealthy() {
    return verdict.isHealthy();
  }

  @Override
  public HealthStatistics statistics() {
    return verdict.statistics();
  }

  @Deactivate
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      if (!thread.join(timeout.plus(SLACK))) {
        LOG.log(Level.WARNING, "the watch over {0} does not end", name);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
