package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.PreparedStart;
import com.paiml.duende.linux.process.SuccessionWatch;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Waits for one process to end. A child: readable, then waitid. Any other: readable, then hang-up
 * when its parent has reaped it, and only then has the kernel a status for us.
 */
final class ExitWatch implements SuccessionWatch {
  /** Init reaps at once; a parent that never does must not keep the exit from being told. */
  private static final Duration REAPED_WITHIN = Duration.ofSeconds(1);

  private static final int SIGKILL = 9;
  private static final Duration DEAD_WITHIN = Duration.ofSeconds(5);
  private static final Duration TRACER_PAUSE = Duration.ofMillis(20);

  private final Kernel kernel;
  private final EpollLoop loop;
  private final Pidfd process;
  private final ProcFiles proc;
  private final BiConsumer<ExitStatus, Optional<Pidfd>> then;
  private final AtomicBoolean done = new AtomicBoolean();
  private volatile @Nullable Watch watch;
  private volatile boolean succeeded;
  // Touched by the loop's thread only.
  private boolean awaitsReaping;
  private Optional<ExitStatus> seenAsZombie = Optional.empty();

  private ExitWatch(
      Kernel kernel,
      EpollLoop loop,
      Pidfd process,
      ProcFiles proc,
      BiConsumer<ExitStatus, Optional<Pidfd>> then) {
    this.kernel = kernel;
    this.loop = loop;
    this.process = process;
    this.proc = proc;
    this.then = then;
  }

  static ExitWatch begin(
      Kernel kernel,
      EpollLoop loop,
      Pidfd process,
      ProcFiles proc,
      BiConsumer<ExitStatus, Optional<Pidfd>> then)
      throws LinuxException {
    ExitWatch exit = new ExitWatch(kernel, loop, process, proc, then);
    exit.watch =
        loop.watch(
            "the end of pid " + process.pid(), process.descriptor(), Readiness.IN, exit::ready);
    return exit;
  }

  private void ready(Watch self, Readiness readiness) throws LinuxException {
    if (awaitsReaping) {
      if (readiness.hungUp()) {
        deliver(self, recorded("this kernel keeps no exit status for others than the parent"));
      }
      return;
    }
    try {
      Optional<ExitStatus> status = process.reap();
      if (status.isPresent()) {
        deliver(self, status.get());
      } else {
        awaitTracer(self);
      }
    } catch (LinuxException refused) {
      if (!refused.is(Errno.ECHILD)) {
        throw refused;
      }
      awaitReaping(self, readiness);
    }
  }

  /** It has ended, but who traces it has not let go: readable all the time, yet not to be reaped. */
  private void awaitTracer(Watch self) throws LinuxException {
    loop.change(self, 0);
    loop.defer(TRACER_PAUSE, () -> listen(self));
  }

  private void listen(Watch self) {
    if (done.get()) {
      return;
    }
    try {
      loop.change(self, Readiness.IN);
    } catch (LinuxException closed) {
      deliver(self, new ExitStatus.Unknown(closed.getMessage()));
    }
  }

  private void awaitReaping(Watch self, Readiness readiness) throws LinuxException {
    Optional<ExitStatus> known = process.recordedExit();
    if (known.isPresent() || readiness.hungUp()) {
      deliver(self, recorded("this kernel keeps no exit status for others than the parent"));
      return;
    }
    seenAsZombie = zombieStatus();
    awaitsReaping = true;
    loop.change(self, 0);
    loop.defer(REAPED_WITHIN, () -> giveUp(self));
  }

  private Optional<ExitStatus> zombieStatus() {
    try {
      return proc.zombieStatus(process.pid()).map(ExitStatus::ofWaitStatus);
    } catch (LinuxException unreadable) {
      // Only a second source: the end itself must be told even when no descriptor is left.
      return Optional.empty();
    }
  }

  private void giveUp(Watch self) {
    if (done.get()) {
      return;
    }
    ExitStatus status;
    try {
      status = recorded("its parent has not reaped it within " + REAPED_WITHIN.toSeconds() + " s");
    } catch (LinuxException closed) {
      status = seenAsZombie.orElse(new ExitStatus.Unknown(closed.getMessage()));
    }
    deliver(self, status);
  }

  private ExitStatus recorded(String whyNot) throws LinuxException {
    return process
        .recordedExit()
        .or(() -> seenAsZombie)
        .orElseGet(() -> new ExitStatus.Unknown(whyNot));
  }

  private void deliver(Watch self, ExitStatus status) {
    boolean first = done.compareAndSet(false, true);
    // It has become known in another way than by the code that has the successor.
    boolean _ = disarm();
    self.close();
    if (first) {
      then.accept(status, Optional.empty());
    }
  }

  @Override
  public synchronized boolean arm(PreparedStart next, BitSet codes, BitSet signals, Path population)
      throws LinuxException {
    boolean armed = false;
    try {
      Watch now = watch;
      if (next instanceof Successor start
          && process instanceof KernelPidfd held
          && now != null
          && disarm()
          && !done.get()) {
        armed = loop.arm(now, start, held.fd(), codes, signals, population, r -> taken(held, r));
        if (armed && done.get()) {
          // Closed or told meanwhile, by somebody who has found nothing to disarm.
          armed = !disarm();
        }
      }
      return armed;
    } finally {
      if (!armed) {
        next.close();
      }
    }
  }

  @Override
  public boolean disarm() {
    Watch now = watch;
    // In this order: once the loop has told of it, it does not know it any more.
    return now == null || (loop.disarm(now) && !succeeded);
  }

  /** The loop's code has had the successor; whether it has reaped the child and started it is told here. */
  private void taken(KernelPidfd child, Successor.Result result) {
    Watch now = watch;
    if (result.code() == 0) {
      // Not to be reaped yet, or not by us: it stays readable, and goes the usual way.
      return;
    }
    Optional<Pidfd> successor = Optional.empty();
    if (result.started()) {
      successor = successor(result);
      succeeded = successor.isPresent();
    }
    ExitStatus status = child.reaped(result.code(), result.status());
    if (now != null) {
      now.close();
    }
    if (done.compareAndSet(false, true)) {
      then.accept(status, successor);
    } else {
      successor.ifPresent(ExitWatch::end);
    }
  }

  /** Empty when it could not be started: who starts it in the usual way is told why. */
  private Optional<Pidfd> successor(Successor.Result result) {
    VforkCode.Outcome outcome = result.outcome();
    if (outcome.pid() < 0) {
      return Optional.empty();
    }
    Pidfd process = new KernelPidfd(kernel, outcome.pid(), new Fd(kernel, outcome.pidfd()));
    if (outcome.error() != 0 || result.late()) {
      end(process);
      return Optional.empty();
    }
    return Optional.of(process);
  }

  /** Kills and reaps it. */
  private static void end(Pidfd process) {
    try (process) {
      var _ = process.sendSignal(SIGKILL);
      if (process.awaitEnd(DEAD_WITHIN)) {
        var _ = process.reap();
      }
    } catch (LinuxException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void close() {
    done.set(true);
    boolean _ = disarm();
    Watch now = watch;
    if (now != null) {
      now.close();
    }
  }
}
