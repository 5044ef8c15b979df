package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.support.program.RunMark;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** One run of a job: from its main process to the end of the last of its tree. */
final class LaunchdRun {
  /** In a handle: DOMAIN/LABEL. */
  static final String TARGET = "target";

  /** In a handle: its property list. */
  static final String FILE = "file";

  /** In a handle: its log. */
  static final String LOG = "log";

  private static final Logger LOGGER = System.getLogger(LaunchdRun.class.getName());
  private static final Duration KILL = Duration.ofSeconds(60);
  private static final Duration TELL = Duration.ofSeconds(60);
  private static final long LOOK_MILLIS = 20;
  private static final long LONG_LOOK_MILLIS = 250;

  private final LaunchSpec spec;
  private final Launchctl launchctl;
  private final String target;
  private final AdapterEvents events;
  private final Executor threads;
  private final Ends ends;
  private volatile DaemonHandle handle;
  private volatile CompletableFuture<ExitReason> exit = new CompletableFuture<>();
  private volatile Optional<ProcessHandle> main = Optional.empty();
  private volatile boolean paused;
  private volatile boolean stopping;
  private volatile boolean left;

  LaunchdRun(
      DaemonHandle handle,
      LaunchSpec spec,
      Launchctl launchctl,
      AdapterEvents events,
      Executor threads,
      Ends ends) {
    this.handle = handle;
    this.spec = spec;
    this.launchctl = launchctl;
    this.target = handle.get(TARGET).orElse("");
    this.events = events;
    this.threads = threads;
    this.ends = ends;
  }

  /** A handle with this main process. */
  static DaemonHandle with(DaemonHandle handle, long pid) {
    Map<String, String> data = new HashMap<>(handle.data());
    data.put(DaemonHandle.PID, Long.toString(pid));
    return new DaemonHandle(
        handle.platform(), handle.name(), handle.id(), handle.generation(), data);
  }

  /** Watches the main process that its handle names; what has none has ended. */
  void begin() {
    main = handle.pid().isPresent() ? ProcessHandle.of(handle.pid().getAsLong()) : Optional.empty();
    var _ = ends.of(main).thenRunAsync(this::mainEnded, threads);
  }

  private void mainEnded() {
    try {
      ExitReason reason = awaitReason();
      killTree(Deadline.after(KILL));
      if (!left && !stopping && byPlatform() && awaitNext(reason)) {
        return;
      }
      if (stopping && byPlatform()) {
        retire();
      }
      if (!left) {
        boolean _ = exit.complete(reason);
      }
    } catch (DaemonException e) {
      LOGGER.log(Level.WARNING, spec.name() + ": " + e.getMessage());
      if (!left) {
        boolean _ = exit.complete(new ExitReason.Unknown(e.problem()));
      }
    }
  }

  /** What was stopped must not be started again by KeepAlive: its job goes before its throttle interval is over. */
  private void retire() throws DaemonException {
    Deadline deadline = Deadline.after(KILL);
    var _ = launchctl.call(deadline, "bootout", target);
    while (launchctl.print(target, deadline).isPresent() && !deadline.hasPassed()) {
      pause(LOOK_MILLIS);
    }
  }

  private boolean byPlatform() {
    return spec.config().restartBy() == DaemonConfig.RestartBy.PLATFORM;
  }

  /** launchd is told of the end when we are: it may take a moment until it says so. */
  private ExitReason awaitReason() throws DaemonException {
    Deadline deadline = Deadline.after(TELL);
    long old = handle.pid().orElse(-1);
    do {
      Optional<Printed> now = launchctl.print(target, deadline);
      if (now.isEmpty()) {
        return new ExitReason.Unknown("its job is gone from launchd");
      }
      if (now.get().pid().orElse(-2) != old && now.get().exit().isPresent()) {
        return now.get().exit().get();
      }
      pause(LOOK_MILLIS);
    } while (!deadline.hasPassed());
    return new ExitReason.Unknown("launchd does not say how it ended");
  }

  /** Whether launchd started it again; only it knows when it will, so that it has to be asked. */
  private boolean awaitNext(ExitReason reason) throws DaemonException {
    long old = handle.pid().orElse(-1);
    Duration throttle = spec.config().backoff().initial().plus(TELL);
    if (!restarts(reason)) {
      return false;
    }
    Deadline deadline = Deadline.after(throttle);
    while (!deadline.hasPassed() && !stopping && !left) {
      Optional<Printed> now = launchctl.print(target, deadline);
      if (now.isEmpty()) {
        return false;
      }
      if (now.get().pid().isPresent() && now.get().pid().getAsLong() != old) {
        CompletableFuture<ExitReason> before = exit;
        handle = with(handle, now.get().pid().getAsLong());
        exit = new CompletableFuture<>();
        paused = false;
        events.restarted(handle, reason);
        boolean _ = before.complete(reason);
        begin();
        return true;
      }
      pause(LONG_LOOK_MILLIS);
    }
    return false;
  }

  /** As {@link JobFile} wrote it into KeepAlive. */
  private boolean restarts(ExitReason reason) {
    return switch (spec.config().restart()) {
      case NEVER -> false;
      case ALWAYS, UNLESS_STOPPED, WITH_BACKOFF -> true;
      case ON_FAILURE, MAX_RETRIES -> !reason.isSuccess();
    };
  }

  private static void pause(long millis) throws DaemonException {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException e) {
      throw Faults.interrupted("launchd", "its answer");
    }
  }

  DaemonHandle handle() {
    return handle;
  }

  LaunchSpec spec() {
    return spec;
  }

  CompletionStage<ExitReason> exit() {
    return exit;
  }

  boolean hasEnded() {
    return exit.isDone();
  }

  boolean isPaused() {
    return paused;
  }

  void wasPaused(boolean value) {
    paused = value;
  }

  List<ProcessHandle> tree(Deadline deadline) throws DaemonException {
    return Processes.tree(main, RunMark.of(spec), deadline);
  }

  void refuseEnded() throws DaemonException {
    if (hasEnded()) {
      throw Faults.ended(spec.name());
    }
  }

  void signal(Signal signal, Deadline deadline) throws DaemonException {
    refuseEnded();
    Launchctl.Answer answer = launchctl.call(deadline, "kill", "SIG" + signal.name(), target);
    if (!answer.ok()
        && answer.status() != Launchctl.NO_PROCESS
        && answer.status() != Launchctl.NO_SERVICE) {
      throw new DaemonException(
          com.paiml.duende.api.ErrorCode.SIGNAL,
          spec.name(),
          "launchctl kill " + signal + ": " + answer.words(),
          "see launchctl(1)");
    }
  }

  void stop(Signal stopSignal, Duration timeout) throws DaemonException {
    if (hasEnded()) {
      return;
    }
    stopping = true;
    signal(stopSignal, Deadline.after(KILL));
    if (paused) {
      resume(Deadline.after(KILL));
    }
    if (!awaitExit(timeout)) {
      kill(Deadline.after(KILL));
    }
  }

  void kill(Deadline deadline) throws DaemonException {
    if (hasEnded()) {
      return;
    }
    stopping = true;
    killTree(deadline);
    if (!awaitExit(deadline.remaining())) {
      throw Faults.timeout(spec.name(), "it was killed and is not gone");
    }
  }

  private void killTree(Deadline deadline) throws DaemonException {
    Deadline end = deadline.orAfter(KILL);
    do {
      List<ProcessHandle> alive = tree(end);
      if (alive.isEmpty()) {
        return;
      }
      // None acts on the death of another in between: a shell would go on after its command, and
      // end well.
      Processes.signal(spec.name(), Signal.STOP, alive, end);
      // Children first: what is told of the end of the main process is told when they are gone.
      alive.reversed().forEach(p -> p.destroyForcibly());
      pause(LOOK_MILLIS);
    } while (!end.hasPassed());
    LOGGER.log(Level.WARNING, spec.name() + ": some of its processes do not die");
  }

  private boolean awaitExit(Duration atMost) throws DaemonException {
    try {
      var _ = exit.get(Math.max(1, atMost.toNanos()), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException late) {
      return false;
    } catch (InterruptedException e) {
      throw Faults.interrupted(spec.name(), "its end");
    } catch (ExecutionException gone) {
      throw new AdapterGone(handle.platform(), spec.name());
    }
  }

  void pause(Deadline deadline) throws DaemonException {
    refuseEnded();
    Processes.signal(spec.name(), Signal.STOP, tree(deadline), deadline);
    // Those that were forked while the others were being stopped.
    Processes.signal(spec.name(), Signal.STOP, tree(deadline), deadline);
    paused = true;
  }

  void resume(Deadline deadline) throws DaemonException {
    refuseEnded();
    Processes.signal(spec.name(), Signal.CONT, tree(deadline), deadline);
    paused = false;
  }

  /** The adapter goes; the job goes on. */
  void leave() {
    left = true;
    boolean _ = exit.completeExceptionally(new AdapterGone(handle.platform(), spec.name()));
  }
}
