package com.paiml.duende.observe.monitor;

import com.paiml.duende.api.Durations;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.UsageMonitor;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** The sampler as a service: one thread, at a steady beat. */
@Component(configurationPid = "com.paiml.duende.observe.monitor")
@Designate(ocd = DaemonMonitor.Settings.class)
public final class DaemonMonitor implements UsageMonitor {
  private static final Logger LOG = System.getLogger("duende.observe");
  private static final Duration LEAST = Duration.ofMillis(50);
  private static final Duration MOST = Duration.ofHours(1);
  private static final Duration USUAL = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Path PRESSURE = Path.of("/proc/pressure");
  private static final Path DRM = Path.of("/sys/class/drm");

  /** The configuration. */
  @ObjectClassDefinition(name = "Duende monitor")
  public @interface Settings {
    /** The beat. */
    @AttributeDefinition(
        description =
            "how often daemons are sampled, 50ms to 1h; above 500 processes each of them every"
                + " second time")
    String interval() default "500ms";
  }

  private final Duration interval;
  private final Sampler sampler;
  private final Thread thread;
  private final long memory;
  private volatile boolean closed;

  @Activate
  public DaemonMonitor(@Reference DaemonManager manager, Settings settings) {
    this(manager, interval(settings.interval()));
  }

  public DaemonMonitor(DaemonManager manager, Duration interval) {
    this.interval = interval;
    this.memory = SystemFigures.memory();
    this.sampler = new Sampler(manager, System.getProperty("os.name", "").equals("Linux"));
    this.thread = Thread.ofPlatform().daemon().name("duende-monitor").start(this::beat);
  }

  private static Duration interval(String text) {
    Optional<Duration> wanted =
        Durations.parse(text).filter(d -> d.compareTo(LEAST) >= 0 && d.compareTo(MOST) <= 0);
    if (wanted.isEmpty()) {
      LOG.log(
          Level.WARNING,
          "com.paiml.duende.observe.monitor: interval \"{0}\" is not a time from 50ms to 1h; using"
              + " 500ms",
          text);
    }
    return wanted.orElse(USUAL);
  }

  /** A late round does not move those after it; rounds that were missed are not made up for. */
  private void beat() {
    long next = System.nanoTime();
    while (!closed) {
      try {
        sampler.round();
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "a round of the monitor", e);
      }
      long now = System.nanoTime();
      next = Math.max(next + interval.toNanos(), now);
      while (!closed && next - System.nanoTime() > 0) {
        LockSupport.parkNanos(next - System.nanoTime());
      }
    }
  }

  @Override
  public Duration interval() {
    return interval;
  }

  @Override
  public List<String> names() {
    return List.copyOf(new TreeSet<>(sampler.tracks().keySet()));
  }

  @Override
  public Optional<Reading> latest(String name) {
    Track track = sampler.tracks().get(name);
    long[] row = new long[Track.columns()];
    return track != null && track.ring.last(row)
        ? Optional.of(Track.reading(row, memory))
        : Optional.empty();
  }

  @Override
  public List<Reading> history(String name, Instant from, Instant to) {
    Track track = sampler.tracks().get(name);
    return track == null
        ? List.of()
        : track.ring.between(from.toEpochMilli(), to.toEpochMilli()).stream()
            .map(row -> Track.reading(row, memory))
            .toList();
  }

  @Override
  public List<ProcessReading> processes(String name) {
    return Optional.ofNullable(sampler.tracks().get(name)).map(Track::processes).orElse(List.of());
  }

  @Override
  public List<Pressure> pressure() {
    return SystemFigures.pressure(PRESSURE);
  }

  @Override
  public List<Gpu> gpus() {
    return Gpus.read(DRM);
  }

  @Deactivate
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      if (!thread.join(PATIENCE)) {
        LOG.log(Level.WARNING, "the monitor does not end");
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    sampler.close();
  }
}
