package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerState;
import com.paiml.duende.adapter.container.engine.Engine;
import com.paiml.duende.adapter.container.engine.EngineListener;
import com.paiml.duende.adapter.container.engine.Labels;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Follows the containers of one instance in one engine by its one stream of events, and looks at all of them whenever that
 * stream has been away: what ended meanwhile is told then.
 */
final class Watcher implements EngineListener, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Watcher.class.getName());
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration DISCARD = Duration.ofSeconds(40);

  /** How long an engine may take from the end of a run to the next that it starts by itself, beyond its own back-off. */
  private static final Duration RESTART_GRACE = Duration.ofSeconds(5);

  /** How long an engine may take to tell of an end that the kernel has told already. */
  private static final Duration END_GRACE = Duration.ofSeconds(5);

  private static final Duration AGAIN = Duration.ofSeconds(1);
  private static final Duration NOTICE = Duration.ofMillis(200);

  /** Podman reads its events out of a file, and may tell of an end after it has started the container again. */
  private static final Duration LATE_EVENT = Duration.ofSeconds(2);

  private final Engine engine;
  private final String instance;
  private final Map<String, ContainerRun> runs = new ConcurrentHashMap<>();

  /** Attempts that failed and of which something may come to be until then, because the engine's answer was lost. */
  private final Map<String, Deadline> doomed = new ConcurrentHashMap<>();

  private final Executor workers;
  private final ScheduledExecutorService timer;
  private final AutoCloseable subscription;

  Watcher(Engine engine, String instance, Executor workers, ScheduledExecutorService timer) {
    this.engine = engine;
    this.instance = instance;
    this.workers = workers;
    this.timer = timer;
    this.subscription = engine.watch(instance, this);
  }

  void add(ContainerRun run) {
    runs.put(run.id(), run);
  }

  void remove(ContainerRun run) {
    runs.remove(run.id(), run);
  }

  /** Nothing of this attempt may be left. */
  void doom(String attempt) {
    doomed.put(attempt, Deadline.after(AGAIN.multipliedBy(9)));
    soon(this::clear, AGAIN);
    soon(this::clear, AGAIN.multipliedBy(10));
  }

  private void clear() {
    for (Map.Entry<String, Deadline> attempt : List.copyOf(doomed.entrySet())) {
      try {
        clear(attempt.getKey());
        if (attempt.getValue().hasPassed()) {
          doomed.remove(attempt.getKey());
        }
      } catch (DaemonException e) {
        // When the engine answers again, it is tried again.
        LOG.log(System.Logger.Level.DEBUG, "left of a start: {0}", e.getMessage());
      }
    }
  }

  private void clear(String attempt) throws DaemonException {
    for (ContainerState left : engine.list(Labels.ATTEMPT, attempt, Deadline.after(PATIENCE))) {
      engine.discard(left.id(), Deadline.after(DISCARD));
    }
  }

  private void work(Runnable task) {
    try {
      workers.execute(task);
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "the adapter is being stopped");
    }
  }

  private void soon(Runnable task, Duration after) {
    try {
      var _ = timer.schedule(() -> work(task), after.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "the adapter is being stopped");
    }
  }

  @Override
  public void connected() {
    work(
        () -> {
          clear();
          for (ContainerRun run : runs.values()) {
            look(run, -1);
          }
        });
  }

  @Override
  public void started(String id) {
    with(id, run -> work(() -> look(run, -1)));
  }

  @Override
  public void died(String id, int exitCode) {
    with(
        id,
        run -> {
          // Noted in the order of the events: the look that this causes may come after that at its
          // next run.
          if (run.isRestartedByEngine()) {
            run.endedBetween(run.reason(exitCode, false));
          }
          work(() -> look(run, exitCode));
        });
  }

  @Override
  public void changed(String id) {
    with(id, run -> work(() -> look(run, -1)));
  }

  @Override
  public void outOfMemory(String id) {
    with(
        id,
        run -> {
          run.ranOutOfMemory();
          run.events().alert("memory", "the kernel killed for want of memory in container " + id);
        });
  }

  @Override
  public void health(String id, boolean healthy) {
    with(id, run -> tellHealth(run, healthy));
  }

  /** The engine's verdict. */
  static void tellHealth(ContainerRun run, boolean healthy) {
    run.events()
        .health(
            healthy
                ? HealthStatus.healthy(5)
                : HealthStatus.unhealthy("the container's health check fails"));
  }

  private void with(String id, java.util.function.Consumer<ContainerRun> then) {
    ContainerRun run = runs.get(id);
    if (run != null) {
      then.accept(run);
    }
  }

  /**
   * Looks at a container and tells what has become of it.
   *
   * @param exitCode of a run that has just ended; negative when that is not known
   */
  void look(ContainerRun run, int exitCode) {
    if (run.hasEnded()) {
      return;
    }
    Optional<ContainerState> state;
    try {
      state = engine.inspect(run.id(), Deadline.after(PATIENCE));
    } catch (DaemonException e) {
      // When it answers again, all are looked at.
      LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", run.spec().name(), e.getMessage());
      soon(() -> look(run, exitCode), AGAIN);
      return;
    }
    if (state.isEmpty()) {
      run.ended(
          exitCode >= 0
              ? run.reason(exitCode, false)
              : new ExitReason.Lost("its container was removed"));
      return;
    }
    judge(run, state.get(), exitCode);
  }

  private void judge(ContainerRun run, ContainerState state, int exitCode) {
    switch (state.phase()) {
      case CREATED -> {
        // Being started.
      }
      case RUNNING, PAUSED -> {
        if (run.mayHearOfItsEnd(state)) {
          soon(() -> look(run, exitCode), LATE_EVENT);
          return;
        }
        run.restarted(state).ifPresent(why -> run.events().restarted(run.handle(), why));
      }
      case RESTARTING -> run.endedBetween(reason(run, state, exitCode));
      case ENDED -> {
        // The kernel's notice, or the engine's, comes by another way than the end.
        if (run.mayHaveRunOutOfMemory(
            exitCode >= 0 ? exitCode : state.exitCode(), state.outOfMemory())) {
          soon(() -> look(run, exitCode), NOTICE);
          return;
        }
        ExitReason reason = reason(run, state, exitCode);
        if (!run.isRestartedByEngine() || run.isStopping()) {
          run.ended(reason);
        } else if (run.mayBeBetween(reason)) {
          DaemonHandle of = run.handle();
          soon(() -> settle(run, of), RESTART_GRACE);
        }
      }
    }
  }

  /**
   * The kernel tells that the first process has ended, and how. The engine tells it too, and knows more of it; but one that
   * was killed in the middle of that, or whose monitor of the container was, never does.
   */
  void processEnded(ContainerRun run, int exitCode) {
    soon(() -> overrule(run, exitCode), END_GRACE);
  }

  private void overrule(ContainerRun run, int exitCode) {
    if (run.hasEnded()) {
      return;
    }
    Optional<ContainerState> state;
    try {
      state = engine.inspect(run.id(), Deadline.after(PATIENCE));
    } catch (DaemonException e) {
      // An engine that is down is waited for: until then nothing could be started again either.
      soon(() -> overrule(run, exitCode), AGAIN);
      return;
    }
    if (state.filter(ContainerState::isAlive).isPresent()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: {1} has not noticed that the process of container {2} has ended",
          run.spec().name(),
          engine.kind().title(),
          run.id());
      run.ended(run.reason(exitCode, state.get().outOfMemory()));
    } else {
      look(run, -1);
    }
  }

  /** Sees soon what has become of it. */
  void lookSoon(ContainerRun run) {
    work(() -> look(run, -1));
  }

  private static ExitReason reason(ContainerRun run, ContainerState state, int exitCode) {
    return run.reason(exitCode >= 0 ? exitCode : state.exitCode(), state.outOfMemory());
  }

  /** The engine has had its time to start it again. */
  private void settle(ContainerRun run, DaemonHandle of) {
    if (run.hasEnded() || !run.handle().equals(of)) {
      return;
    }
    try {
      Optional<ContainerState> state = engine.inspect(run.id(), Deadline.after(PATIENCE));
      if (state.isPresent() && state.get().phase() == ContainerState.Phase.ENDED) {
        run.between().ifPresent(run::ended);
      } else {
        look(run, -1);
      }
    } catch (DaemonException e) {
      soon(() -> settle(run, of), AGAIN);
    }
  }

  /** Has the engine make the health check at its times, where nobody else does. */
  void driveHealth(ContainerRun run, Duration interval) {
    long millis = Math.max(100, interval.toMillis());
    boolean[] last = {true};
    boolean[] asked = {false};
    var task =
        timer.scheduleWithFixedDelay(
            () ->
                work(
                    () -> {
                      if (run.hasEnded()) {
                        run.close();
                        return;
                      }
                      try {
                        Optional<Boolean> healthy =
                            engine.checkHealth(run.id(), Deadline.after(PATIENCE));
                        if (healthy.isPresent() && (!asked[0] || healthy.get() != last[0])) {
                          asked[0] = true;
                          last[0] = healthy.get();
                          tellHealth(run, healthy.get());
                        }
                      } catch (DaemonException e) {
                        LOG.log(
                            System.Logger.Level.DEBUG,
                            "{0}: {1}",
                            run.spec().name(),
                            e.getMessage());
                      }
                    }),
            millis,
            millis,
            TimeUnit.MILLISECONDS);
    run.healthTimer(() -> task.cancel(false));
  }

  /** Runs of a daemon that have ended and whose containers are still there. */
  List<ContainerRun> ended(String daemon) {
    return runs.values().stream()
        .filter(run -> run.hasEnded() && run.spec().name().equals(daemon))
        .toList();
  }

  String instance() {
    return instance;
  }

  Engine engine() {
    return engine;
  }

  Optional<ContainerRun> find(String id) {
    return Optional.ofNullable(runs.get(id));
  }

  @Override
  public void close() throws Exception {
    subscription.close();
    runs.values().forEach(ContainerRun::gone);
  }
}
