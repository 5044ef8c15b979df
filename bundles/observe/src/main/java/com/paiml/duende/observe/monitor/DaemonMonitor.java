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
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * The sampler as a service: one thread, at a steady beat as long as there are daemons to look at. It is always on: alerts must
 * come also when nobody looks. Without daemons it is not even loaded.
 */
@Component(immediate = true, configurationPid = "com.paiml.duende.observe.monitor")
@Designate(ocd = DaemonMonitor.Settings.class)
public final class DaemonMonitor implements UsageMonitor {
  private static final Logger LOG = System.getLogger("duende.observe");
  private static final double LEAST_SIGMA = 2;
  private static final Duration LEAST = Duration.ofMillis(50);
  private static final Duration MOST = Duration.ofHours(1);
  private static final Duration USUAL = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration ATTENTION = Duration.ofSeconds(10);
  private static final Path PRESSURE = Path.of("/proc/pressure");
  private static final Path DRM = Path.of("/sys/class/drm");

  /** The configuration. */
  @ObjectClassDefinition(name = "Duende monitor")
  public @interface Settings {
    /** The beat. */
    @AttributeDefinition(
        description =
            "how often daemons are sampled, 50ms to 1h; above 500 processes each of them every"
                + " second time, and those that do nothing more rarely while nobody reads")
    String interval() default "500ms";

    /** What is unusual. */
    @AttributeDefinition(
        description =
            "from how many deviations of the last hundred readings on a use of processor or memory"
                + " is told of as unusual, 2 or more",
        min = "2")
    double sigma() default Limits.UNUSUAL;
  }

  private final DaemonManager manager;
  private final Duration interval;
  private final double sigma;
  private final long attention;
  private final DaemonManager.Subscription events;
  private volatile @Nullable Sampler sampler;
  private volatile @Nullable Thread thread;
  private volatile boolean changed = true;
  private volatile boolean resting;
  private volatile boolean closed;
  private volatile long lastRead;

  @Activate
  public DaemonMonitor(@Reference DaemonManager manager, Settings settings) {
    this(manager, interval(settings.interval()), sigma(settings.sigma()));
  }

  /** With what is usual for the rest. */
  public DaemonMonitor(DaemonManager manager, Duration interval) {
    this(manager, interval, Limits.UNUSUAL);
  }

  private DaemonMonitor(DaemonManager manager, Duration interval, double sigma) {
    this(manager, interval, sigma, ATTENTION);
  }

  /** @param attention for how long whoever has read is thought to read on */
  DaemonMonitor(DaemonManager manager, Duration interval, double sigma, Duration attention) {
    this.sigma = sigma;
    this.attention = attention.toNanos();
    this.lastRead = System.nanoTime() - this.attention;
    this.manager = manager;
    this.interval = interval;
    this.events = manager.watch(event -> wake());
    if (manager.count() > 0) {
      wake();
    }
  }

  /** Something has become of a daemon. */
  private synchronized void wake() {
    changed = true;
    if (closed) {
      return;
    }
    if (thread == null) {
      sampler =
          new Sampler(manager, System.getProperty("os.name", "").equals("Linux"), interval, sigma);
      thread = Thread.ofPlatform().daemon().name("duende-monitor").start(this::beat);
    } else if (resting) {
      LockSupport.unpark(thread);
    }
  }

  private static double sigma(double wanted) {
    if (wanted >= LEAST_SIGMA) {
      return wanted;
    }
    LOG.log(
        Level.WARNING,
        "com.paiml.duende.observe.monitor: sigma {0} is below 2; using {1}",
        wanted,
        Limits.UNUSUAL);
    return Limits.UNUSUAL;
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
    Sampler own = sampler;
    long next = System.nanoTime();
    // An event may come just before what it tells of can be seen: a beat later it can.
    boolean settling = false;
    while (!closed && own != null) {
      long spare = 0;
      try {
        boolean again = changed;
        changed = false;
        spare = own.round(again || settling, isWatched());
        spare = again ? 0 : spare;
        settling = again;
      } catch (RuntimeException e) {
        changed = true;
        LOG.log(Level.ERROR, "a round of the monitor", e);
      }
      long now = System.nanoTime();
      if (spare <= interval.toNanos()) {
        next = Math.max(next + interval.toNanos(), now);
        while (!closed && next - System.nanoTime() > 0) {
          LockSupport.parkNanos(next - System.nanoTime());
        }
      } else {
        rest(now, spare);
        next = System.nanoTime();
      }
    }
  }

  /**
   * Until something becomes of a daemon, somebody reads, or there is something to be looked at.
   *
   * @param spare for how long there is nothing, nanoseconds; {@link Long#MAX_VALUE} when there is nothing at all
   */
  private void rest(long began, long spare) {
    resting = true;
    boolean ever = spare < Long.MAX_VALUE;
    while (!closed && !changed && !(ever && isWatched())) {
      long left = began + spare - System.nanoTime();
      if (ever && left <= 0) {
        break;
      }
      if (ever) {
        LockSupport.parkNanos(this, left);
      } else {
        LockSupport.park(this);
      }
    }
    resting = false;
  }

  private boolean isWatched() {
    return System.nanoTime() - lastRead < attention;
  }

  /** For whoever reads. */
  private Map<String, Track> tracks() {
    lastRead = System.nanoTime();
    Thread running = thread;
    if (resting && running != null) {
      LockSupport.unpark(running);
    }
    Sampler own = sampler;
    return own == null ? Map.of() : own.tracks();
  }

  @Override
  public Duration interval() {
    return interval;
  }

  @Override
  public List<String> names() {
    return List.copyOf(new TreeSet<>(tracks().keySet()));
  }

  @Override
  public Optional<Reading> latest(String name) {
    Track track = tracks().get(name);
    long[] row = new long[Track.columns()];
    return track != null && track.ring.last(row)
        ? Optional.of(track.reading(row))
        : Optional.empty();
  }

  @Override
  public List<Reading> history(String name, Instant from, Instant to) {
    Track track = tracks().get(name);
    return track == null
        ? List.of()
        : track.ring.between(from.toEpochMilli(), to.toEpochMilli()).stream()
            .map(track::reading)
            .toList();
  }

  @Override
  public List<ProcessReading> processes(String name) {
    return Optional.ofNullable(tracks().get(name)).map(Track::processes).orElse(List.of());
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
    events.close();
    Thread running;
    synchronized (this) {
      closed = true;
      running = thread;
    }
    Sampler own = sampler;
    if (running == null || own == null) {
      return;
    }
    LockSupport.unpark(running);
    try {
      if (!running.join(PATIENCE)) {
        LOG.log(Level.WARNING, "the monitor does not end");
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    own.close();
  }
}
