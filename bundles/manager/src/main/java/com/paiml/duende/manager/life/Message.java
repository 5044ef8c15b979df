package com.paiml.duende.manager.life;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Recovery;
import java.time.Duration;
import java.util.Optional;

/** What can happen to a daemon. Handled one at a time, in order. */
public sealed interface Message {

  /** Somebody wants something. May be refused. */
  sealed interface Command extends Message {}

  /** Something happened to a run: harmless when that run is not the present one any more. */
  sealed interface OfRun extends Message {
    long generation();
  }

  /**
   * @param asked by an operator: refused when active, and a fresh start for its count of restarts; otherwise harmless when
   *     active
   * @param counted whether it counts as a restart
   */
  record Start(boolean asked, boolean counted) implements Command {}

  /**
   * @param forgoes whether it is to stay stopped, also after the container was started again
   * @param verdict what it has failed for; empty: it is stopped, not failed
   */
  record Stop(boolean forgoes, Optional<FailureReason> verdict) implements Command {}

  /** Stop where active, then start. */
  record Restart() implements Command {}

  record Pause() implements Command {}

  record Resume() implements Command {}

  /** @param ticket names the call in {@link Effect.SignalRun} */
  record Send(Signal signal, long ticket) implements Command {}

  /** @param ticket names the call in {@link Effect.LimitRun} */
  record Limit(Resources resources, long ticket) implements Command {}

  /** A policy ends it. */
  record Halt(String policy, String detail) implements Command {}

  /** @param restart whether the change takes a new run */
  record Configure(DaemonConfig config, boolean restart) implements Command {}

  /** What it waits for is there. */
  record GateOpen(long generation) implements OfRun {}

  /** What it requires will not be there. */
  record GateShut(long generation, FailureReason reason) implements OfRun {}

  /** What it still waits for, for people. */
  record GateWaits(long generation, String what) implements OfRun {}

  /** Its group lets it start again. */
  record GroupAgrees(long generation) implements OfRun {}

  /** Its group has failed. */
  record GroupFails(long generation, FailureReason reason) implements OfRun {}

  /** @param announces whether it will say that it is ready, whatever the configuration says about readiness */
  record Spawned(long generation, DaemonHandle handle, boolean announces) implements OfRun {}

  record SpawnFailed(long generation, DaemonException error) implements OfRun {}

  /**
   * It cannot be started now, for no fault of its own.
   *
   * @param retryAfter when to try again; empty: a {@link Wake} will come
   */
  record Held(long generation, String why, Optional<Duration> retryAfter) implements OfRun {}

  /** A policy forbids the start. */
  record Denied(long generation, String reason) implements OfRun {}

  record Ready(long generation) implements OfRun {}

  record Exited(long generation, ExitReason reason) implements OfRun {}

  /** The stop or kill that was asked for has failed; the run may go on. */
  record StopFailed(long generation, DaemonException error) implements OfRun {}

  /** Pausing has ended, with the fault that it met. */
  record PauseDone(long generation, Optional<DaemonException> error) implements OfRun {}

  record ResumeDone(long generation, Optional<DaemonException> error) implements OfRun {}

  record Heartbeat(long generation) implements OfRun {}

  record ProbeDone(long generation, HealthStatus health) implements OfRun {}

  /** The probe gave no answer that counts: somebody holds the process stopped, or there is nobody to ask. */
  record ProbeSkipped(long generation) implements OfRun {}

  /** The platform's own health check has judged, after retries of its own. */
  record PlatformHealth(long generation, HealthStatus health) implements OfRun {}

  /** @param stopped whether somebody holds the whole process stopped */
  record Inspected(long generation, boolean stopped) implements OfRun {}

  /** Its limits were changed. */
  record Limited(long generation, Resources resources) implements OfRun {}

  record PlatformRestarted(long generation, DaemonHandle next, ExitReason previous)
      implements OfRun {}

  /** The manager went while this run was asked for, and there is none. */
  record Unborn(long generation) implements OfRun {}

  record Recovered(long generation, Recovery outcome) implements OfRun {}

  /** What it was made of is going: its run ends, and the next one waits for it. */
  record Renew() implements Message {}

  /** What held it back may be gone. */
  record Wake() implements Message {}

  /** The adapter that looks after its run has left. */
  record AdapterLeft() implements Message {}

  /** The adapter that can look after its run has come. */
  record AdapterCame() implements Message {}

  /** @param sequence of {@link Effect.Arm}: an older one is harmless */
  record Rang(Alarm alarm, long sequence) implements Message {}
}
