package com.paiml.duende.metrics.figure;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.UsageSample;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Reads daemons, a few at a time. A daemon whose figures do not come (a gauge of its own that blocks, an adapter that hangs)
 * keeps one thread and is not asked again until it has answered; it is never interrupted, for that would close channels that
 * belong to it.
 */
public final class Readings implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Readings.class.getName());
  private static final int FEW = 4;
  private static final int MOST = 64;

  private final Set<String> pending = ConcurrentHashMap.newKeySet();
  private final Set<String> complained = ConcurrentHashMap.newKeySet();
  private final ThreadPoolExecutor pool;

  /** What one daemon said. */
  public record Reading(
      DaemonInfo daemon, Optional<UsageSample> usage, Optional<DaemonMetrics.Snapshot> own) {}

  /** What was asked for and what came. */
  public record Round(Map<String, Reading> readings, long missed) {}

  public Readings() {
    pool =
        new ThreadPoolExecutor(
            FEW,
            FEW,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "duende-metrics-reader");
              thread.setDaemon(true);
              return thread;
            });
    // More only when some hang: see read. The queue holds each daemon at most once.
    pool.setMaximumPoolSize(MOST);
    pool.allowCoreThreadTimeOut(true);
  }

  /**
   * Reads these.
   *
   * @param usage also what the platform says of them; otherwise only what they count themselves
   */
  public Round read(
      DaemonManager manager, Collection<DaemonInfo> daemons, boolean usage, Deadline deadline)
      throws InterruptedException {
    pool.setCorePoolSize(Math.min(MOST, FEW + pending.size()));
    Map<String, Reading> readings = new ConcurrentHashMap<>();
    CountDownLatch open = new CountDownLatch(daemons.size());
    for (DaemonInfo daemon : daemons) {
      if (pending.add(daemon.name())) {
        pool.execute(
            () -> {
              try {
                readings.put(daemon.name(), read(manager, daemon, usage));
              } finally {
                pending.remove(daemon.name());
                open.countDown();
              }
            });
      } else {
        open.countDown();
      }
    }
    boolean all = open.await(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
    Map<String, Reading> came = new TreeMap<>(readings);
    long missed = (long) daemons.size() - came.size();
    if (!all || missed > 0) {
      LOG.log(Level.DEBUG, () -> missed + " daemons did not say their figures in time");
    }
    return new Round(came, missed);
  }

  private Reading read(DaemonManager manager, DaemonInfo daemon, boolean usage) {
    Optional<UsageSample> sample = Optional.empty();
    Optional<DaemonMetrics.Snapshot> own = Optional.empty();
    try {
      own = manager.metrics(daemon.name());
    } catch (DaemonException e) {
      LOG.log(Level.DEBUG, "no figures of its own", e);
    } catch (RuntimeException | LinkageError e) {
      // A gauge is the daemon's own code.
      if (complained.add(daemon.name())) {
        LOG.log(Level.WARNING, daemon.name() + ": a figure of its own cannot be read: " + e);
      }
    }
    if (usage) {
      try {
        sample = Optional.of(manager.usage(daemon.name()));
      } catch (DaemonException e) {
        LOG.log(Level.DEBUG, "no usage", e);
      } catch (RuntimeException e) {
        if (complained.add(daemon.name())) {
          LOG.log(Level.WARNING, daemon.name() + ": its usage cannot be read: " + e);
        }
      }
    }
    return new Reading(daemon, sample, own);
  }

  /** Forgets complaints about daemons that are gone. */
  void keepOnly(Set<String> names) {
    complained.retainAll(names);
  }

  @Override
  public void close() {
    pool.shutdownNow();
  }
}
