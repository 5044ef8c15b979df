package com.paiml.duende.manager.life;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitMatch;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.ExitRules;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.Recovery;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class LifeTest {
  private static final ExitReason CRASH = new ExitReason.Signalled(11, true);

  private static DaemonConfig.Builder config() {
    return DaemonConfig.builder("d")
        .what(new What.Program("/bin/d"))
        .backoff(
            new Backoff(
                Duration.ofSeconds(1), Duration.ofSeconds(300), 2, 0, Duration.ofMinutes(10)));
  }

  private static World running(DaemonConfig config) {
    World world = new World(config, 1);
    world.tell(new Message.Start(true, false));
    world.run(Duration.ofSeconds(1));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    return world;
  }

  private static List<State> states(World world) {
    return world.states.stream().map(DaemonStatus::state).toList();
  }

  private static long count(World world, Class<? extends Effect> effect) {
    return world.effects.stream().filter(effect::isInstance).count();
  }

  @Test
  void aStartedProgramRunsAndAStopEndsIt() {
    World world = running(config().build());
    world.tell(new Message.Stop(true, Optional.empty()));
    world.run(Duration.ofSeconds(5));
    assertEquals(
        List.of(State.CREATED, State.STARTING, State.RUNNING, State.STOPPING, State.STOPPED),
        states(world));
    assertEquals(0, world.copies());
    assertFalse(world.life.wish());
  }

  @Test
  void aSecondStartIsRefusedNamingTheRunAndAnInternalOneIsHarmless() {
    World world = running(config().build());
    DaemonException e =
        assertThrows(DaemonException.class, () -> world.ask(new Message.Start(true, false)));
    assertEquals(ErrorCode.INVALID_STATE, e.code());
    assertTrue(e.getMessage().contains("pid 1001"), e.getMessage());
    world.tell(new Message.Start(false, false));
    assertEquals(1, world.launches);
  }

  @Test
  void aSecondStopIsHarmless() {
    World world = running(config().build());
    world.tell(new Message.Stop(true, Optional.empty()));
    world.tell(new Message.Stop(true, Optional.empty()));
    world.run(Duration.ofSeconds(5));
    world.tell(new Message.Stop(true, Optional.empty()));
    assertEquals(DaemonStatus.STOPPED, world.life.status());
    assertEquals(1, count(world, Effect.StopRun.class));
  }

  @Test
  void aCrashIsFollowedByARestartAfterTheBackoff() {
    World world = running(config().build());
    world.dies(CRASH);
    assertEquals(State.STARTING, world.life.status().state());
    assertEquals(Phase.BACKOFF, world.life.phase());
    world.run(Duration.ofMillis(900));
    assertEquals(Phase.BACKOFF, world.life.phase());
    world.run(Duration.ofMillis(200));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    assertEquals(1, world.life.restarts());
    assertEquals(Optional.of(CRASH), world.life.lastExit());
  }

  @Test
  void theBackoffDoublesUpToItsMaximumAndDecaysAfterHealthySpells() {
    World world =
        running(
            config()
                .exit(new ExitRules(List.of(ExitMatch.codes(0, 0)), List.of(), 0, Duration.ZERO))
                .build());
    for (int i = 0; i < 12; i++) {
      world.dies(CRASH);
      world.run(Duration.ofSeconds(301));
    }
    List<Duration> delays = delays(world);
    assertEquals(
        List.of(1L, 2L, 4L, 8L, 16L, 32L, 64L, 128L, 256L, 300L, 300L, 300L),
        delays.stream().map(Duration::toSeconds).toList());
    // Twelve attempts, halved three times, leave one: the next delay is the second one.
    world.run(Duration.ofMinutes(31));
    world.dies(CRASH);
    assertEquals(Duration.ofSeconds(2), delays(world).getLast());
  }

  private static List<Duration> delays(World world) {
    return world.effects.stream()
        .filter(Effect.Scheduled.class::isInstance)
        .map(e -> ((Effect.Scheduled) e).delay())
        .toList();
  }

  @Test
  void jitterKeepsTheDelayWithinItsFraction() {
    World world =
        running(
            config()
                .backoff(
                    new Backoff(
                        Duration.ofSeconds(10),
                        Duration.ofSeconds(300),
                        1,
                        0.2,
                        Duration.ofMinutes(10)))
                .exit(new ExitRules(List.of(ExitMatch.codes(0, 0)), List.of(), 0, Duration.ZERO))
                .build());
    for (int i = 0; i < 50; i++) {
      world.dies(CRASH);
      world.run(Duration.ofSeconds(20));
    }
    List<Duration> delays = delays(world);
    assertEquals(50, delays.size());
    assertTrue(
        delays.stream().allMatch(d -> d.toMillis() >= 8000 && d.toMillis() <= 12000),
        delays.toString());
    assertTrue(delays.stream().distinct().count() > 10);
  }

  @Test
  void deathsBeyondTheTallyEndInFailed() {
    World world =
        running(
            config()
                .backoff(new Backoff(Duration.ZERO, Duration.ZERO, 1, 0, Duration.ofMinutes(10)))
                .build());
    for (int i = 0; i < 9; i++) {
      world.dies(CRASH);
      world.run(Duration.ofSeconds(1));
      assertEquals(DaemonStatus.RUNNING, world.life.status());
    }
    world.dies(CRASH);
    assertInstanceOf(FailureReason.StartLimit.class, world.life.status().reason().orElseThrow());
    world.tell(new Message.Start(true, false));
    world.run(Duration.ofSeconds(1));
    world.dies(CRASH);
    world.run(Duration.ofSeconds(1));
    assertEquals(DaemonStatus.RUNNING, world.life.status(), "an operator's start begins anew");
  }

  @Test
  void eachRestartPolicyDecidesAsItSays() {
    record Case(RestartPolicy policy, ExitReason exit, State after) {}
    ExitReason ok = new ExitReason.Graceful();
    for (Case c :
        List.of(
            new Case(RestartPolicy.NEVER, CRASH, State.FAILED),
            new Case(RestartPolicy.NEVER, ok, State.STOPPED),
            new Case(RestartPolicy.ON_FAILURE, CRASH, State.STARTING),
            new Case(RestartPolicy.ON_FAILURE, ok, State.STOPPED),
            new Case(RestartPolicy.ALWAYS, ok, State.STARTING),
            new Case(RestartPolicy.ALWAYS, CRASH, State.STARTING),
            new Case(RestartPolicy.UNLESS_STOPPED, ok, State.STARTING),
            new Case(RestartPolicy.MAX_RETRIES, ok, State.STOPPED),
            new Case(RestartPolicy.MAX_RETRIES, CRASH, State.STARTING),
            new Case(RestartPolicy.WITH_BACKOFF, ok, State.STARTING))) {
      World world = running(config().restart(c.policy).build());
      world.dies(c.exit);
      assertEquals(c.after, world.life.status().state(), c.toString());
    }
  }

  @Test
  void retriesAreBoundedWhereThePolicyOrTheFileBoundsThem() {
    for (DaemonConfig config :
        List.of(
            config().restart(RestartPolicy.MAX_RETRIES).maxRetries(2).build(),
            config().restart(RestartPolicy.WITH_BACKOFF).maxRetries(2).build(),
            config().maxRetries(2).written(Set.of("max_retries")).build())) {
      World world = running(config);
      for (int i = 0; i < 3; i++) {
        world.dies(CRASH);
        world.run(Duration.ofSeconds(10));
      }
      assertEquals(State.FAILED, world.life.status().state(), config.restart().word());
      assertEquals(2, world.life.restarts());
    }
    World unbounded = running(config().maxRetries(2).build());
    for (int i = 0; i < 3; i++) {
      unbounded.dies(CRASH);
      unbounded.run(Duration.ofSeconds(10));
    }
    assertEquals(State.RUNNING, unbounded.life.status().state());
  }

  @Test
  void exitRulesAreAskedBeforeThePolicy() {
    ExitRules rules =
        new ExitRules(
            List.of(ExitMatch.codes(0, 0), ExitMatch.codes(7, 7)),
            List.of(ExitMatch.codes(64, 78), ExitMatch.signal(6)),
            10,
            Duration.ofMinutes(1));
    World success = running(config().exit(rules).build());
    success.dies(new ExitReason.Failure(7, ""));
    assertEquals(DaemonStatus.STOPPED, success.life.status());
    World never = running(config().restart(RestartPolicy.ALWAYS).exit(rules).build());
    never.dies(new ExitReason.Failure(70, ""));
    assertEquals(DaemonStatus.failed(new FailureReason.ExitCode(70)), never.life.status());
    World signal = running(config().restart(RestartPolicy.ALWAYS).exit(rules).build());
    signal.dies(new ExitReason.Signalled(6, true));
    assertEquals(DaemonStatus.failed(new FailureReason.SignalDeath(6)), signal.life.status());
  }

  @Test
  void aStopDuringTheSpawnEndsTheRunThatTheSpawnStillMakes() {
    World world = new World(config().build(), 1);
    world.tell(new Message.Start(true, false));
    world.tell(new Message.Stop(true, Optional.empty()));
    assertEquals(DaemonStatus.STOPPING, world.life.status());
    world.run(Duration.ofSeconds(5));
    assertEquals(DaemonStatus.STOPPED, world.life.status());
    assertEquals(0, world.copies());
  }

  @Test
  void aStopDuringTheBackoffEndsItAtOnce() {
    World world = running(config().build());
    world.dies(CRASH);
    world.tell(new Message.Stop(true, Optional.empty()));
    assertEquals(DaemonStatus.STOPPED, world.life.status());
    world.run(Duration.ofMinutes(1));
    assertEquals(1, world.launches);
  }

  @Test
  void whatIsSaidOfAnEarlierRunChangesNothing() {
    World world = running(config().build());
    long first = world.life.generation();
    world.dies(CRASH);
    world.run(Duration.ofSeconds(2));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    world.tell(new Message.Exited(first, CRASH));
    world.tell(new Message.SpawnFailed(first, new DaemonException(ErrorCode.SPAWN, "", "", "")));
    world.tell(new Message.Spawned(first, World.handle(first), false));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    assertEquals(2, world.launches);
  }

  @Test
  void aRestartEndsTheRunAndStartsTheNext() {
    World world = running(config().build());
    world.tell(new Message.Restart());
    assertEquals(DaemonStatus.STOPPING, world.life.status());
    world.run(Duration.ofSeconds(5));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    assertEquals(2, world.life.generation());
    assertEquals(0, world.life.restarts(), "an operator's restart is not counted");
  }

  @Test
  void aFirstStartThatCannotSucceedFailsAtOnce() throws Exception {
    World world = new World(config().build(), 1);
    List<Effect> out = new java.util.ArrayList<>();
    world.life.handle(new Message.Start(true, false), 0, out::add);
    world.life.handle(
        new Message.SpawnFailed(
            1, new DaemonException(ErrorCode.NOT_FOUND, "/bin/d", "is not there", "install it")),
        1,
        out::add);
    assertEquals("failed (/bin/d: is not there; install it)", world.life.status().toString());
  }

  @Test
  void aRestartThatCannotBeSpawnedIsTriedAgain() throws Exception {
    World world = running(config().build());
    world.nature.spawnFails = 1;
    world.dies(CRASH);
    world.run(Duration.ofSeconds(2));
    assertEquals(Phase.BACKOFF, world.life.phase());
    assertTrue(
        world.effects.stream()
            .anyMatch(e -> e instanceof Effect.Warning w && w.kind().equals("start")),
        "nobody is told why it is not started");
    world.nature.spawnFails = 0;
    world.run(Duration.ofSeconds(10));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
  }

  private static DaemonConfig.Builder tcp() {
    return config()
        .readiness(
            new Readiness(
                Readiness.Type.TCP,
                "",
                "127.0.0.1:1",
                List.of(),
                "",
                3,
                Duration.ofSeconds(5),
                Duration.ofMillis(100)));
  }

  @Test
  void aDaemonIsStartingUntilItIsReady() {
    World world = new World(tcp().build(), 1);
    world.nature.becomesReady = false;
    world.tell(new Message.Start(true, false));
    world.run(Duration.ofSeconds(1));
    assertEquals(DaemonStatus.STARTING, world.life.status());
    assertEquals("not ready", world.life.activity());
    world.tell(new Message.Ready(1));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
  }

  @Test
  void oneThatIsNotReadyInTimeIsEndedAndItsPolicyDecides() {
    World world = new World(tcp().restart(RestartPolicy.NEVER).build(), 1);
    world.nature.becomesReady = false;
    world.tell(new Message.Start(true, false));
    world.run(Duration.ofSeconds(10));
    assertEquals(
        DaemonStatus.failed(new FailureReason.NotReady(Duration.ofSeconds(5))),
        world.life.status());
    assertEquals(0, world.copies());
  }

  private static HealthCheck health(int retries, HealthCheck.OnUnhealthy on, Duration start) {
    return new HealthCheck(
        true,
        HealthCheck.Type.TCP,
        "",
        "127.0.0.1:1",
        List.of(),
        Duration.ofSeconds(30),
        Duration.ofSeconds(10),
        retries,
        start,
        on);
  }

  @Test
  void asManyBadProbesInARowAsTheFileAllowsRestartIt() {
    World world =
        running(
            config()
                .healthCheck(health(3, HealthCheck.OnUnhealthy.RESTART, Duration.ZERO))
                .build());
    world.run(Duration.ofSeconds(5));
    world.nature.probeFails = 1;
    world.run(Duration.ofSeconds(70));
    assertEquals(1, world.life.generation());
    world.run(Duration.ofSeconds(25));
    assertEquals(2, world.life.generation());
    assertInstanceOf(ExitReason.HealthCheckFailed.class, world.life.lastExit().orElseThrow());
    assertEquals(
        List.of(1, 2, 3),
        world.effects.stream()
            .filter(Effect.ProbeBad.class::isInstance)
            .limit(3)
            .map(e -> ((Effect.ProbeBad) e).inARow())
            .toList());
  }

  @Test
  void illHealthIsOnlyReportedWhereTheFileSaysSo() {
    World world =
        running(
            config().healthCheck(health(1, HealthCheck.OnUnhealthy.REPORT, Duration.ZERO)).build());
    world.nature.probeFails = 1;
    world.run(Duration.ofMinutes(5));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    assertEquals(1, count(world, Effect.HealthNow.class));
    world.nature.probeFails = 0;
    world.run(Duration.ofMinutes(1));
    assertEquals(2, count(world, Effect.HealthNow.class));
  }

  @Test
  void badProbesOfTheStartPeriodDoNotCount() {
    World world =
        running(
            config()
                .healthCheck(health(1, HealthCheck.OnUnhealthy.RESTART, Duration.ofMinutes(2)))
                .build());
    world.nature.probeFails = 1;
    world.run(Duration.ofSeconds(110));
    assertEquals(1, world.life.generation());
    world.run(Duration.ofSeconds(60));
    assertEquals(2, world.life.generation());
  }

  @Test
  void aPausedDaemonIsNeitherProbedNorWatched() {
    World world =
        running(
            config()
                .healthCheck(health(1, HealthCheck.OnUnhealthy.RESTART, Duration.ZERO))
                .watchdog(Optional.of(Duration.ofSeconds(10)))
                .build());
    world.tell(new Message.Pause());
    world.run(Duration.ofMillis(500));
    assertEquals(DaemonStatus.PAUSED, world.life.status());
    world.nature.probeFails = 1;
    long probes = count(world, Effect.Probe.class);
    world.run(Duration.ofHours(1));
    assertEquals(probes, count(world, Effect.Probe.class));
    assertEquals(1, world.life.generation());
    world.nature.probeFails = 0;
    world.tell(new Message.Resume());
    world.run(Duration.ofSeconds(1));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    world.run(Duration.ofSeconds(8));
    assertEquals(1, world.life.generation(), "the watchdog begins a whole interval");
  }

  @Test
  void aPausedDaemonIsLetGoBeforeItIsStopped() {
    World world = running(config().build());
    world.tell(new Message.Pause());
    world.run(Duration.ofSeconds(1));
    world.tell(new Message.Stop(true, Optional.empty()));
    List<Effect> last = world.effects.subList(world.effects.size() - 2, world.effects.size());
    assertInstanceOf(Effect.ResumeRun.class, last.get(0));
    assertInstanceOf(Effect.StopRun.class, last.get(1));
  }

  @Test
  void aMissedHeartbeatKills() {
    World world = running(config().watchdog(Optional.of(Duration.ofSeconds(10))).build());
    for (int i = 0; i < 10; i++) {
      world.tell(new Message.Heartbeat(1));
      world.run(Duration.ofSeconds(9));
    }
    assertEquals(1, world.life.generation());
    world.run(Duration.ofSeconds(5));
    assertEquals(
        Optional.of(new ExitReason.WatchdogTimeout(Duration.ofSeconds(10))), world.life.lastExit());
    world.run(Duration.ofSeconds(2));
    assertEquals(2, world.life.generation());
  }

  @Test
  void stopAndContBySignalCountAsPause() {
    World world = running(config().build());
    world.tell(new Message.Send(Signal.STOP, 1));
    assertEquals(DaemonStatus.PAUSED, world.life.status());
    world.tell(new Message.Send(Signal.CONT, 2));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
  }

  @Test
  void aTermFromAnOperatorIsAStop() {
    World world = running(config().restart(RestartPolicy.ALWAYS).build());
    world.tell(new Message.Send(Signal.TERM, 1));
    world.run(Duration.ofSeconds(5));
    assertEquals(DaemonStatus.STOPPED, world.life.status());
    assertFalse(world.life.wish());
  }

  @Test
  void aHaltedDaemonHasFailedAndStaysSo() {
    World world = running(config().restart(RestartPolicy.ALWAYS).build());
    world.tell(new Message.Halt("jidoka", "invariant broken"));
    world.run(Duration.ofMinutes(5));
    assertEquals("failed (policy: jidoka: invariant broken)", world.life.status().toString());
    assertEquals(1, world.launches);
  }

  @Test
  void anAbandonedRunIsNeverFollowedByAnother() {
    World world = running(config().restart(RestartPolicy.ALWAYS).build());
    world.dies(new ExitReason.Abandoned(Duration.ofSeconds(30)));
    assertEquals(State.FAILED, world.life.status().state());
    assertTrue(world.life.status().toString().contains("abandoned"));
    world.tell(new Message.Start(true, false));
    Effect.Launch last =
        (Effect.Launch)
            world.effects.stream().filter(Effect.Launch.class::isInstance).toList().getLast();
    assertTrue(last.abandoned(), "whoever launches is told that the last run may still be going");
  }

  @Test
  void aRunGoesOnUnobservedWhenItsAdapterLeavesAndIsTakenUpAgain() {
    World world = running(config().build());
    world.adapterLeaves();
    world.run(Duration.ofHours(1));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    assertFalse(world.life.isObserved());
    world.adapterComes();
    world.run(Duration.ofSeconds(1));
    assertTrue(world.life.isObserved());
    assertEquals(1, world.launches);
  }

  @Test
  void anExitWhileTheAdapterWasAwayIsHandledWhenItComes() {
    World world = running(config().build());
    world.adapterLeaves();
    world.dies(CRASH);
    world.run(Duration.ofMinutes(1));
    world.adapterComes();
    world.run(Duration.ofSeconds(5));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    assertEquals(2, world.launches);
  }

  @Test
  void aStopWhileTheAdapterIsAwayIsCarriedOutWhenItComes() {
    World world = running(config().build());
    world.adapterLeaves();
    world.tell(new Message.Stop(true, Optional.empty()));
    world.run(Duration.ofMinutes(1));
    assertEquals(DaemonStatus.STOPPING, world.life.status());
    assertEquals(1, world.copies());
    world.adapterComes();
    world.run(Duration.ofSeconds(5));
    assertEquals(DaemonStatus.STOPPED, world.life.status());
    assertEquals(0, world.copies());
  }

  @Test
  void aRunOfAnEarlierContainerIsTakenUpAndNotStartedAgain() throws Exception {
    Past past =
        new Past(
            true,
            7,
            Optional.of(World.handle(7)),
            true,
            true,
            DaemonStatus.RUNNING,
            Optional.empty(),
            3);
    World world = new World(config().build(), past, 1);
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    List<Effect> out = new java.util.ArrayList<>();
    world.life.handle(new Message.AdapterCame(), 5, out::add);
    assertInstanceOf(Effect.RecoverRun.class, out.getFirst());
    world.life.handle(
        new Message.Recovered(7, new Recovery.Running(World.handle(7), false)), 6, out::add);
    assertTrue(world.life.isObserved());
    assertEquals(3, world.life.restarts());
    assertTrue(out.stream().noneMatch(Effect.Launch.class::isInstance));
  }

  @Test
  void oneWhoseHostWasLostIsStartedAgainOnceWhateverItsPolicy() throws Exception {
    Past past =
        new Past(
            true,
            7,
            Optional.of(World.handle(7)),
            true,
            true,
            DaemonStatus.RUNNING,
            Optional.empty(),
            0);
    World world = new World(config().restart(RestartPolicy.NEVER).build(), past, 1);
    world.ask(
        new Message.Recovered(7, new Recovery.Exited(new ExitReason.HostLost("the container"))));
    world.run(Duration.ofSeconds(1));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    assertEquals(1, world.life.restarts());
    assertEquals(8, world.life.generation());
  }

  @Test
  void thePlatformsOwnRestartIsCountedAndFollowed() {
    World world = running(config().restartBy(DaemonConfig.RestartBy.PLATFORM).build());
    world.tell(new Message.PlatformRestarted(1, World.handle(99), CRASH));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    assertEquals(1, world.life.restarts());
    world.tell(new Message.Exited(1, CRASH));
    assertEquals(State.FAILED, world.life.status().state(), "the platform has given up");
  }

  @Test
  void aStopThatFailsIsFollowedByKill() {
    World world = running(config().build());
    world.nature.stopFails = 1;
    world.tell(new Message.Stop(true, Optional.empty()));
    world.run(Duration.ofSeconds(2));
    world.nature.stopFails = 0;
    world.run(Duration.ofSeconds(20));
    assertEquals(DaemonStatus.STOPPED, world.life.status());
    assertTrue(count(world, Effect.KillRun.class) >= 1);
  }

  @Test
  void aChangedProgramTakesANewRunWithTheNewConfiguration() {
    World world = running(config().build());
    DaemonConfig changed = config().what(new What.Program("/bin/e")).build();
    world.tell(new Message.Configure(changed, true));
    world.run(Duration.ofSeconds(5));
    assertEquals(DaemonStatus.RUNNING, world.life.status());
    assertEquals(2, world.life.generation());
    assertEquals(changed, world.life.config());
  }
}
