package com.paiml.duende.metrics.figure;

import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.metrics.figure.Family.Kind;
import com.paiml.duende.metrics.figure.Readings.Round;
import com.paiml.duende.spi.Deadline;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** Collects everything; at most once a second, however many ask. */
public final class Collector {
  private static final Logger LOG = System.getLogger(Collector.class.getName());
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Supplier<Optional<DaemonManager>> manager;
  private final Readings readings;
  private final ManagerFigures events;
  private final Instant start = Instant.now();
  private final ReentrantLock lock = new ReentrantLock();
  private List<Family> last = List.of();
  private long lastAt;
  private long missed;
  private long omitted;

  public Collector(
      Supplier<Optional<DaemonManager>> manager, Readings readings, ManagerFigures events) {
    this.manager = manager;
    this.readings = readings;
    this.events = events;
  }

  /** All figures, not older than a second. Takes a few seconds at most. */
  public List<Family> collect() {
    lock.lock();
    try {
      if (last.isEmpty() || System.nanoTime() - lastAt > FRESH_NANOS) {
        last = collectNow();
        lastAt = System.nanoTime();
      }
      return last;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      LOG.log(Level.DEBUG, "interrupted while figures were read", e);
      return last;
    } finally {
      lock.unlock();
    }
  }

  private List<Family> collectNow() throws InterruptedException {
    Instant now = Instant.now();
    long began = System.nanoTime();
    Families families = new Families();
    Optional<DaemonManager> present = manager.get();
    if (present.isPresent()) {
      List<DaemonInfo> all = present.get().list();
      List<DaemonInfo> active = all.stream().filter(d -> d.status().isActive()).toList();
      Round round = readings.read(present.get(), active, true, Deadline.after(PATIENCE));
      readings.keepOnly(all.stream().map(DaemonInfo::name).collect(Collectors.toSet()));
      missed += round.missed();
      DaemonFigures figures = new DaemonFigures(families, now);
      all.forEach(d -> figures.add(d, round.readings().get(d.name())));
      families.makeRoomForOurs();
      events.add(families, present.get(), all);
    }
    families.makeRoomForOurs();
    new JvmFigures(families).add();
    omitted += families.omitted();
    own(families, (System.nanoTime() - began) / 1e9);
    return families.toList();
  }

  private void own(Families families, double seconds) {
    families.add(
        "duende.metrics.missed",
        Kind.COUNTER,
        "{daemon}",
        "Daemons that did not say their figures in time, added up over all collections",
        Map.of(),
        start,
        (double) missed);
    families.add(
        "duende.metrics.omitted",
        Kind.COUNTER,
        "{series}",
        "Series left out because there were too many, or two daemons meant different things by one"
            + " name",
        Map.of(),
        start,
        (double) omitted);
    families.add(
        "duende.metrics.collect.duration",
        Kind.GAUGE,
        "s",
        "How long this collection took",
        Map.of(),
        start,
        seconds);
  }
}
