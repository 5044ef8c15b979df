package com.paiml.duende.manager.life;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import java.time.Duration;
import java.util.Optional;

/** What is to be done about a daemon. Carried out in order; answers come back as messages. */
public sealed interface Effect {

  /** To the adapter. Calls of one daemon are made one after the other, but for {@link KillRun}, which overtakes. */
  sealed interface Call extends Effect {}

  /** To whoever listens. */
  sealed interface Notice extends Effect {}

  /** Ask what it depends on: answered by a message of the gate. */
  record Gate(long generation) implements Effect {}

  /** Its group decides what its death means; {@code delay} is what it would wait by itself. */
  record Died(long generation, Duration delay) implements Effect {}

  /**
   * Start a run: answered by Spawned, SpawnFailed, Held or Denied.
   *
   * @param leftover an earlier run to be cleared away first
   * @param abandoned whether that run may still be going
   */
  record Launch(
      long generation,
      DaemonConfig config,
      long restarts,
      Optional<DaemonHandle> leftover,
      boolean abandoned)
      implements Call {}

  /** Find out, by the configuration's readiness, when it is ready: answered by Ready. */
  record AwaitReady(long generation, DaemonHandle handle, DaemonConfig config) implements Effect {}

  record StopRun(long generation, DaemonHandle handle, Signal signal, Duration timeout)
      implements Call {}

  record KillRun(long generation, DaemonHandle handle) implements Call {}

  record PauseRun(long generation, DaemonHandle handle) implements Call {}

  record ResumeRun(long generation, DaemonHandle handle) implements Call {}

  /** @param ticket of the command; 0: nobody waits */
  record SignalRun(long generation, DaemonHandle handle, Signal signal, long ticket)
      implements Call {}

  record LimitRun(long generation, DaemonHandle handle, Resources resources, long ticket)
      implements Call {}

  record RecoverRun(long generation, DaemonHandle handle, DaemonConfig config) implements Call {}

  /** Ask it for its health: answered by ProbeDone or ProbeSkipped. */
  record Probe(long generation, DaemonHandle handle, DaemonConfig config) implements Effect {}

  /** Look whether somebody holds its process stopped: answered by Inspected. */
  record Inspect(long generation, DaemonHandle handle) implements Effect {}

  /** @param at nanoseconds of the clock that messages carry */
  record Arm(Alarm alarm, long sequence, long at) implements Effect {}

  record Disarm(Alarm alarm) implements Effect {}

  /** Whether it is to run is to be recorded durably. */
  record Desire(boolean running) implements Effect {}

  record Moved(DaemonStatus from, DaemonStatus to) implements Notice {}

  record BecameReady(long generation, Duration took) implements Notice {}

  /** A run has ended; whatever watched it ends too. */
  record Ended(long generation, DaemonHandle handle, ExitReason reason) implements Notice {}

  record Scheduled(Duration delay, long restarts) implements Notice {}

  /** The platform started it again: watch the exit of the new handle. */
  record PlatformAgain(long generation, DaemonHandle handle, ExitReason previous, long restarts)
      implements Notice {}

  record HealthNow(HealthStatus health) implements Notice {}

  record ProbeBad(String detail, int inARow) implements Notice {}

  /** It was found again: watch its exit. */
  record FoundAgain(long generation, DaemonHandle handle, String how) implements Notice {}

  record Warning(String kind, String detail) implements Notice {}
}
