package com.paiml.duende.metrics.history;

import com.paiml.duende.api.DaemonMetrics.Histogram;
import com.paiml.duende.api.DaemonMetrics.Snapshot;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.metrics.figure.Readings;
import com.paiml.duende.metrics.figure.Readings.Round;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.MetricsExport.Interval;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What each daemon counted in the last minutes: intervals of five seconds, {@value #KEPT} of them. One thread for all, while
 * somebody has asked in the last ten minutes.
 */
public final class RedHistory implements AutoCloseable {
  static final int KEPT = 120;

  private static final Logger LOG = System.getLogger(RedHistory.class.getName());
  private static final Duration STEP = Duration.ofSeconds(5);
  private static final Duration LEASE = Duration.ofMinutes(10);

  private static final class Track {
    private final ArrayDeque<Interval> intervals = new ArrayDeque<>(KEPT);
    private Snapshot last;
    private long nanoTime;
    private long generation;

    Track(Snapshot first, long nanoTime, long generation) {
      this.last = first;
      this.nanoTime = nanoTime;
      this.generation = generation;
    }
  }

  private final Supplier<Optional<DaemonManager>> manager;
  private final Readings readings;
  private final Duration step;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Track> tracks = new HashMap<>();
  private @Nullable ScheduledExecutorService timer;
  private long askedAt;

  public RedHistory(Supplier<Optional<DaemonManager>> manager, Readings readings) {
    this(manager, readings, STEP);
  }

  RedHistory(Supplier<Optional<DaemonManager>> manager, Readings readings, Duration step) {
    this.manager = manager;
    this.readings = readings;
    this.step = step;
  }

  /** Its intervals, oldest first. Begins to record when it does not yet. */
  public List<Interval> of(String daemon) {
    lock.lock();
    try {
      askedAt = System.nanoTime();
      if (timer == null) {
        timer =
            Executors.newSingleThreadScheduledExecutor(
                task -> {
                  Thread thread = new Thread(task, "duende-metrics-history");
                  thread.setDaemon(true);
                  return thread;
                });
        var _ = timer.scheduleAtFixedRate(this::record, 0, step.toMillis(), TimeUnit.MILLISECONDS);
      }
      Track track = tracks.get(daemon);
      return track == null ? List.of() : List.copyOf(track.intervals);
    } finally {
      lock.unlock();
    }
  }

  private void record() {
    try {
      if (leaseIsOver()) {
        return;
      }
      Optional<DaemonManager> present = manager.get();
      if (present.isPresent()) {
        List<DaemonInfo> active =
            present.get().list().stream().filter(d -> d.status().isActive()).toList();
        Round round = readings.read(present.get(), active, false, Deadline.after(step));
        take(round, active);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      LOG.log(Level.DEBUG, "the history ends", e);
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "an interval of the metrics' history is lost", e);
    }
  }

  private boolean leaseIsOver() {
    lock.lock();
    try {
      if (System.nanoTime() - askedAt < LEASE.toNanos()) {
        return false;
      }
      stop();
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void take(Round round, List<DaemonInfo> active) {
    take(round, active, Instant.now(), System.nanoTime());
  }

  /** @param nanoTime how long an interval is: the clock of day may be set meanwhile */
  void take(Round round, List<DaemonInfo> active, Instant now, long nanoTime) {
    lock.lock();
    try {
      tracks.keySet().retainAll(active.stream().map(DaemonInfo::name).collect(Collectors.toSet()));
      round
          .readings()
          .values()
          .forEach(r -> r.own().ifPresent(own -> take(r.daemon(), own, now, nanoTime)));
    } finally {
      lock.unlock();
    }
  }

  private void take(DaemonInfo daemon, Snapshot own, Instant now, long nanoTime) {
    Track track = tracks.get(daemon.name());
    if (track == null) {
      tracks.put(daemon.name(), new Track(own, nanoTime, daemon.generation()));
      return;
    }
    if (track.generation == daemon.generation() && own.requests() >= track.last.requests()) {
      Histogram between = own.histogram().since(track.last.histogram());
      if (track.intervals.size() == KEPT) {
        track.intervals.removeFirst();
      }
      track.intervals.addLast(
          new Interval(
              now,
              Duration.ofNanos(nanoTime - track.nanoTime),
              own.requests() - track.last.requests(),
              Math.max(0, own.errors() - track.last.errors()),
              between.percentile(0.5),
              between.percentile(0.99),
              between.percentile(1)));
    }
    track.last = own;
    track.nanoTime = nanoTime;
    track.generation = daemon.generation();
  }

  private void stop() {
    if (timer != null) {
      timer.shutdown();
      timer = null;
    }
    tracks.clear();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      stop();
    } finally {
      lock.unlock();
    }
  }
}
