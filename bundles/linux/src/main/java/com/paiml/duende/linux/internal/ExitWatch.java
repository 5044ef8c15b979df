package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Waits for one process to end. A child: readable, then waitid. Any other: readable, then hang-up
 * when its parent has reaped it, and only then has the kernel a status for us.
 */
final class ExitWatch implements Watch {
  /** Init reaps at once; a parent that never does must not keep the exit from being told. */
  private static final Duration REAPED_WITHIN = Duration.ofSeconds(1);

  private static final Duration TRACER_PAUSE = Duration.ofMillis(20);

  private final EpollLoop loop;
  private final Pidfd process;
  private final ProcFiles proc;
  private final Consumer<ExitStatus> then;
  private final AtomicBoolean done = new AtomicBoolean();
  private volatile @Nullable Watch watch;
  // Touched by the loop's thread only.
  private boolean awaitsReaping;
  private Optional<ExitStatus> seenAsZombie = Optional.empty();

  private ExitWatch(EpollLoop loop, Pidfd process, ProcFiles proc, Consumer<ExitStatus> then) {
    this.loop = loop;
    this.process = process;
    this.proc = proc;
    this.then = then;
  }

  static ExitWatch begin(EpollLoop loop, Pidfd process, ProcFiles proc, Consumer<ExitStatus> then)
      throws LinuxException {
    ExitWatch exit = new ExitWatch(loop, process, proc, then);
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
    self.close();
    if (done.compareAndSet(false, true)) {
      then.accept(status);
    }
  }

  @Override
  public void close() {
    done.set(true);
    Watch now = watch;
    if (now != null) {
      now.close();
    }
  }
}
