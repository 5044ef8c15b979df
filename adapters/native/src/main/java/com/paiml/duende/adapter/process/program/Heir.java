package com.paiml.duende.adapter.process.program;

import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** A program that the event loop has started in the place of one that has ended, until somebody takes it up or ends it. */
final class Heir {
  private static final Logger LOGGER = System.getLogger(Heir.class.getName());
  private static final int SIGKILL = 9;
  private static final Duration DEAD_WITHIN = Duration.ofSeconds(5);

  private final LaunchSpec spec;
  private final Pidfd process;
  private final LimitGroup group;
  private final AtomicBoolean claimed = new AtomicBoolean();
  private final CountDownLatch gone = new CountDownLatch(1);

  /** @param group nobody else is in there */
  Heir(LaunchSpec spec, Pidfd process, LimitGroup group) {
    this.spec = spec;
    this.process = process;
    this.group = group;
  }

  boolean isFor(LaunchSpec wanted) {
    return spec.equals(wanted);
  }

  /** Who gets true has it, and nobody else ever. */
  boolean claim() {
    return claimed.compareAndSet(false, true);
  }

  /** It is a run from now on, for who has claimed it. */
  Pidfd take() {
    gone.countDown();
    return process;
  }

  /** Kills it and all that it has started, for who has claimed it. Nobody was told that it was there. */
  void end() {
    try {
      end(process, spec);
      group.cgroup().kill(DEAD_WITHIN);
    } catch (LinuxException refused) {
      LOGGER.log(
          Level.WARNING, spec.name() + ": what was not taken up does not end: " + refused, refused);
    } finally {
      gone.countDown();
    }
  }

  /** Kills and reaps it, and not what it may have started already. */
  static void end(Pidfd process, LaunchSpec spec) {
    try (process) {
      var _ = process.sendSignal(SIGKILL);
      if (process.awaitEnd(DEAD_WITHIN)) {
        LOGGER.log(Level.DEBUG, "{0}: not taken up: {1}", spec.name(), process.reap());
      }
    } catch (LinuxException refused) {
      LOGGER.log(
          Level.WARNING, spec.name() + ": what was not taken up does not end: " + refused, refused);
    }
  }

  /** For who has not claimed it: until it has been taken up, or ended. */
  void awaitGone(Deadline deadline) {
    try {
      boolean _ = gone.await(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
