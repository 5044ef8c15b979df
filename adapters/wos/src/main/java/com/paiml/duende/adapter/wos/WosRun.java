package com.paiml.duende.adapter.wos;

import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.adapter.wos.kernel.ProcessState;
import com.paiml.duende.adapter.wos.kernel.Session;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.support.log.RotatedLog;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** One run of a daemon: its session, its log, what it says, how it ends. */
final class WosRun {

  private static final long PAUSE_NANOS = 500_000;

  private final LaunchSpec spec;
  private final DaemonHandle handle;
  private final Session session;
  private final RotatedLog log;
  private final ModuleReport report;
  private final WosLimits limits;
  private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();
  private volatile boolean paused;

  WosRun(
      LaunchSpec spec,
      DaemonHandle handle,
      Session session,
      RotatedLog log,
      ModuleReport report,
      WosLimits limits) {
    this.spec = spec;
    this.handle = handle;
    this.session = session;
    this.log = log;
    this.report = report;
    this.limits = limits;
  }

  LaunchSpec spec() {
    return spec;
  }

  DaemonHandle handle() {
    return handle;
  }

  Session session() {
    return session;
  }

  RotatedLog log() {
    return log;
  }

  ModuleReport report() {
    return report;
  }

  WosLimits limits() {
    return limits;
  }

  CompletableFuture<ExitReason> exit() {
    return exit;
  }

  boolean hasEnded() {
    return session.ended().toCompletableFuture().isDone();
  }

  boolean isPaused() {
    return paused;
  }

  /** The kernel says that all its processes are gone. Called on a thread that belongs to none of them. */
  void ended(ExitStatus status) {
    exit.complete(reason(status));
  }

  private static ExitReason reason(ExitStatus status) {
    return switch (status) {
      case ExitStatus.Exited e -> ExitReason.ofCode(e.code() & 0xff);
      case ExitStatus.Signalled s -> new ExitReason.Signalled(s.signal().number(), false);
      case ExitStatus.Trapped t ->
          t.memoryRefused()
              ? new ExitReason.ResourceExhausted("memory", t.describe())
              : new ExitReason.Failure(128 + ExitStatus.ABORTED, t.describe());
    };
  }

  void signal(Signal signal) throws DaemonException {
    refuseEnded("it takes no signal");
    session.leader().signal(signal);
  }

  void pause(Deadline deadline) throws DaemonException {
    refuseEnded("it cannot be paused");
    paused = true;
    while (!allStopped()) {
      if (deadline.hasPassed()) {
        throw new DaemonException(
            ErrorCode.TIMEOUT,
            spec.name(),
            "did not stop in time",
            "it will at its next safepoint; ask again");
      }
      session.signalAll(Signal.STOP);
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private boolean allStopped() {
    return session.members().stream()
        .allMatch(p -> p.state() == ProcessState.STOPPED || p.state() == ProcessState.ZOMBIE);
  }

  void resume() throws DaemonException {
    refuseEnded("it cannot be resumed");
    paused = false;
    session.signalAll(Signal.CONT);
  }

  private void refuseEnded(String what) throws DaemonException {
    if (hasEnded()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, spec.name(), "has ended: " + what, "start it first");
    }
  }

  /** @return whether it ended within the timeout */
  boolean stop(Signal signal, Duration timeout) throws DaemonException {
    if (hasEnded()) {
      return true;
    }
    session.leader().signal(signal);
    if (paused) {
      resumeForStop();
    }
    return awaitEnd(Deadline.after(timeout));
  }

  /** The bundle is being stopped. */
  void askToEnd() {
    if (!hasEnded()) {
      session.leader().signal(spec.config().stopSignal());
      resumeForStop();
    }
  }

  /** What is paused cannot obey. */
  private void resumeForStop() {
    paused = false;
    session.signalAll(Signal.CONT);
  }

  void kill(Deadline deadline) throws DaemonException {
    // A process that was just being started may have been missed: all are killed until all are
    // gone.
    while (!hasEnded()) {
      session.signalAll(Signal.KILL);
      if (awaitEnd(deadline.orAfter(Duration.ofMillis(50)))) {
        return;
      }
      if (deadline.hasPassed()) {
        List<Integer> left = session.members().stream().map(WasmProcess::pid).toList();
        throw new DaemonException(
            ErrorCode.TIMEOUT,
            spec.name(),
            "processes " + left + " were killed and are not gone yet",
            "ask again");
      }
    }
  }

  private boolean awaitEnd(Deadline deadline) throws DaemonException {
    try {
      ExitReason reason =
          exit.get(Math.max(1, deadline.remaining().toNanos()), TimeUnit.NANOSECONDS);
      return !reason.describe().isEmpty();
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, spec.name(), "waiting for its end was interrupted", "ask again", e);
    } catch (CancellationException | ExecutionException e) {
      if (e.getCause() instanceof DaemonException gone) {
        throw gone;
      }
      throw new DaemonException(
          ErrorCode.INTERNAL, spec.name(), "its end cannot be told: " + e, "", e);
    }
  }
}
