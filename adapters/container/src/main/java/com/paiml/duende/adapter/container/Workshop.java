package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import com.paiml.duende.adapter.container.engine.Engine;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.support.rotation.LogBook;
import com.paiml.duende.support.rotation.LogBooks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What the adapter works with from its first use until it is deactivated. */
final class Workshop implements AutoCloseable {
  private static final int WORKERS = 3;

  /** A task is a look at one container: more than so many wait only when an engine hangs. */
  private static final int WAITING = 10_000;

  private static final int IDLE_SECONDS = 10;
  private static final int MOST_DIRECTORIES = 1000;

  private record Key(Engine engine, String instance) {}

  private final ThreadPoolExecutor workers;
  private final ScheduledThreadPoolExecutor timer;
  private final Kernel kernel = new Kernel();
  private final Engines engines;
  private final Duration step;
  private final Map<Key, Watcher> watchers = new ConcurrentHashMap<>();

  /** Directories that were seen in images, which do not change. */
  private final Set<String> directories = ConcurrentHashMap.newKeySet();

  private @Nullable LogBooks logs;
  private volatile boolean closed;

  /** @param step how long an engine may take for one step of a start */
  Workshop(Places places, Duration step) {
    this.step = step;
    ThreadFactory threads = Thread.ofPlatform().daemon().name("duende-container-work").factory();
    workers =
        new ThreadPoolExecutor(
            WORKERS,
            WORKERS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(WAITING),
            threads);
    workers.allowCoreThreadTimeOut(true);
    timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("duende-container-clock").factory());
    timer.setRemoveOnCancelPolicy(true);
    timer.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
    engines = new Engines(places, timer, kernel.linux(), this::logs);
  }

  /** The logs that an engine leaves to us; made with the first of them, for they have a thread. */
  private synchronized LogBooks logs() {
    LogBooks made = logs;
    if (made == null) {
      made =
          kernel
              .linux()
              .map(linux -> LogBooks.rotatedBy(linux.fileRanges(), ContainerTable.NAME))
              .orElseGet(() -> LogBooks.rotatedBetweenRuns(ContainerTable.NAME));
      logs = made;
    }
    return made;
  }

  /** Looks after what a run is about to say, where its engine does not. */
  void keepLog(ContainerRun run) throws DaemonException {
    if (run.engine().leavesLogs()) {
      LogBooks all = logs();
      Path file = run.spec().logFile();
      LogBook _ = all.attach(file, run.spec().config().log());
      run.keepLog(() -> all.detach(file));
    }
  }

  Engines engines() {
    return engines;
  }

  /** How long an engine may take for one step of a start. */
  Duration step() {
    return step;
  }

  Kernel kernel() {
    return kernel;
  }

  /** Who follows the containers of that instance there. */
  Watcher watcher(Engine engine, String instance) throws AdapterGone {
    if (closed) {
      throw new AdapterGone(ContainerTable.NAME, engine.kind().title());
    }
    return watchers.computeIfAbsent(
        new Key(engine, instance), k -> new Watcher(engine, instance, workers, timer));
  }

  Optional<ContainerRun> find(String id) {
    return watchers.values().stream().flatMap(w -> w.find(id).stream()).findFirst();
  }

  /** Whether an image has a directory; asked once of each image. */
  boolean hasDirectory(
      Engine engine, ContainerPlan plan, String image, String path, Deadline deadline)
      throws DaemonException {
    String key = image + " " + path;
    if (directories.contains(key)) {
      return true;
    }
    boolean there = engine.hasDirectory(plan, path, deadline);
    if (there && directories.size() < MOST_DIRECTORIES) {
      directories.add(key);
    }
    return there;
  }

  /** A container that runs is ours to follow from now on. */
  void adopt(ContainerRun run, long pid) throws DaemonException {
    Watcher watcher = watcher(run.engine(), run.spec().instance().id());
    keepLog(run);
    watcher.add(run);
    follow(run, watcher, pid);
    watcher.lookSoon(run);
  }

  /** What the engine does not tell by itself. */
  void follow(ContainerRun run, Watcher watcher, long pid) {
    run.watchMemory(
        kernel.onOutOfMemory(
            pid,
            run.id(),
            () -> {
              run.ranOutOfMemory();
              run.events().alert("memory", "the kernel killed for want of memory");
            }));
    if (!run.isRestartedByEngine()) {
      run.watchEnd(
          kernel.onEnd(pid, run.id(), status -> watcher.processEnded(run, Exits.code(status))));
    }
    boolean wanted = run.spec().config().healthCheck().enabled();
    if (wanted && !run.engine().checksHealth()) {
      watcher.driveHealth(run, run.spec().config().healthCheck().interval());
    }
  }

  /** Sees what has become of a run, now. */
  void look(ContainerRun run) throws AdapterGone {
    watcher(run.engine(), run.spec().instance().id()).look(run, -1);
  }

  /** Kills and removes a container of ours. */
  void discard(Engine engine, String id, Deadline deadline) throws DaemonException {
    find(id).ifPresent(ContainerRun::willBeKilled);
    engine.discard(id, deadline);
    forget(id);
  }

  void forget(String id) {
    for (Watcher watcher : watchers.values()) {
      watcher
          .find(id)
          .ifPresent(
              run -> {
                run.close();
                watcher.remove(run);
                forgetLog(run);
              });
    }
  }

  private synchronized void forgetLog(ContainerRun run) {
    LogBooks made = logs;
    if (made != null && run.engine().leavesLogs()) {
      made.forget(run.spec().logFile());
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Watcher watcher : watchers.values()) {
      try {
        watcher.close();
      } catch (Exception e) {
        System.getLogger(Workshop.class.getName())
            .log(System.Logger.Level.WARNING, "closing a stream of events: " + e);
      }
    }
    timer.shutdownNow();
    workers.shutdownNow();
    engines.close();
    kernel.close();
    LogBooks made;
    synchronized (this) {
      made = logs;
    }
    if (made != null) {
      made.close();
    }
  }
}
