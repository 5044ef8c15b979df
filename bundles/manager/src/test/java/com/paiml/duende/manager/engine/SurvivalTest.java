package com.paiml.duende.manager.engine;

import static com.paiml.duende.manager.engine.Bench.WAIT;
import static com.paiml.duende.manager.engine.Bench.config;
import static com.paiml.duende.manager.engine.Bench.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.UsageSample;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The manager dies, or its adapters go: daemons do not notice. */
class SurvivalTest {
  private static final ExitReason CRASH = new ExitReason.Signalled(11, false);

  @TempDir Path data;
  private final ScriptedAdapter.Machine machine = new ScriptedAdapter.Machine();
  private final List<Bench> dead = new ArrayList<>();
  private Bench bench;

  /** A container on the data of the one before, which is left as a kill leaves it. */
  private Bench open(String container) throws Exception {
    if (bench != null) {
      kill(bench);
    }
    bench = new Bench(data, machine, container);
    return bench;
  }

  /** From here on it does nothing any more: it hears of no exit, and no timer of it rings. */
  private void kill(Bench b) {
    for (Object exit : b.adapter.exits.values()) {
      machine.runs.values().forEach(r -> r.watchers.removeIf(exit::equals));
    }
    b.adapter.gone = true;
    b.engine.timers().close();
    assertTrue(b.engine.journal().flush(WAIT));
    dead.add(b);
  }

  @AfterEach
  void close() {
    if (bench != null) {
      bench.close();
    }
    dead.forEach(Bench::close);
    assertEquals(Set.of(), machine.twice, "nothing ever runs twice");
  }

  @Test
  void noPlatformIsAskedBeforeTheEngineIsBegun() throws Exception {
    open("c1").plug();
    bench.deploy(config("web").build());
    kill(bench);
    // As after a swap of the manager.
    bench = new Bench(data, machine, "c1", false);
    ScriptedAdapter left = bench.adapter;
    bench.plug().unplug();
    bench.plugAgain();
    // Where nothing has run, that is said by a call that is made at once.
    ScriptedAdapter empty = new ScriptedAdapter(new ScriptedAdapter.Machine());
    bench.engine.add(empty, "empty", "test 1", 0);
    bench.engine.calls().awaitIdle();
    CompletableFuture<Void> over = bench.engine.recovery().toCompletableFuture();
    assertFalse(over.isDone());
    assertEquals(List.of(), empty.completed);
    assertEquals(List.of(), bench.adapter.completed);
    assertEquals(DaemonStatus.RUNNING, bench.info("web").status());
    assertFalse(bench.info("web").adapterPresent());

    bench.engine.begin();
    over.get(WAIT.toMillis(), TimeUnit.MILLISECONDS);
    bench.await("web", DaemonInfo::adapterPresent);
    until(() -> bench.adapter.completed.size() == 1 && empty.completed.size() == 1);
    assertEquals(List.of(), left.completed);
    assertEquals(1, machine.spawned.get());
  }

  @Test
  void programsGoOnAndAreTakenUpWithTheirCountsAndNotStartedAgain() throws Exception {
    open("c1").plug();
    bench.deploy(config("web").build());
    machine.kill("web", CRASH);
    bench.await("web", i -> i.restarts() == 1 && i.ready());
    DaemonInfo before = bench.info("web");

    open("c2");
    DaemonInfo waiting = bench.info("web");
    assertEquals(DaemonStatus.RUNNING, waiting.status());
    assertFalse(waiting.adapterPresent());
    bench.plug();
    bench.await("web", DaemonInfo::adapterPresent);
    DaemonInfo after = bench.info("web");
    assertEquals(before.id(), after.id());
    assertEquals(before.pid(), after.pid());
    assertEquals(before.generation(), after.generation());
    assertEquals(1, after.restarts());
    assertEquals(Optional.of(CRASH), after.lastExit());
    assertEquals(before.startedAt(), after.startedAt());
    assertEquals(2, machine.spawned.get());
    until(() -> bench.events.stream().anyMatch(DaemonEvent.Recovered.class::isInstance));

    machine.kill("web", CRASH);
    bench.await("web", i -> i.restarts() == 2 && i.ready());
  }

  @Test
  void anExitInTheMeantimeIsKnownAndThePolicyDecides() throws Exception {
    open("c1").plug();
    bench.deploy(config("web").build());
    bench.deploy(config("once").restart(RestartPolicy.NEVER).build());
    open("c2");
    machine.kill("web", new ExitReason.Failure(3, ""));
    machine.kill("once", new ExitReason.Failure(4, ""));
    bench.plug();
    bench.await("web", i -> i.restarts() == 1 && i.ready());
    assertEquals(Optional.of(new ExitReason.Failure(3, "")), bench.info("web").lastExit());
    bench.await("once", i -> i.status().toString().equals("failed (exit code 4)"));
  }

  @Test
  void aRunThatCannotBeFoundIsNamedLost() throws Exception {
    open("c1").plug();
    bench.deploy(config("web").build());
    bench.deploy(config("once").restart(RestartPolicy.NEVER).build());
    open("c2");
    machine.runs.clear();
    bench.plug();
    bench.await("web", i -> i.restarts() == 1 && i.ready());
    assertTrue(bench.info("web").lastExit().orElseThrow() instanceof ExitReason.Lost);
    bench.await("once", i -> i.status().toString().contains("lost"));
  }

  @Test
  void aRunThatTheManagerDidNotHearOfBeforeItDiedGoesOnAndIsNotStartedAgain() throws Exception {
    open("c1").plug();
    CountDownLatch answer = new CountDownLatch(1);
    bench.adapter.beforeAnswer = answer;
    var _ = bench.control.deploy(config("web").build(), DeployOptions.DEFAULT, Duration.ZERO);
    until(() -> machine.names().equals(List.of("web")));
    try {
      open("c2").plug();
      bench.await("web", i -> i.ready() && i.adapterPresent());
      assertEquals(OptionalLong.of(machine.pids.get()), bench.info("web").pid());
      assertEquals(0, bench.info("web").restarts());
      assertEquals(1, machine.spawned.get());
      open("c3").plug();
      bench.await("web", DaemonInfo::adapterPresent);
      assertEquals(1, machine.spawned.get());
    } finally {
      answer.countDown();
    }
  }

  @Test
  void aRunThatWasOnlyAskedForWhenTheManagerDiedIsStartedAndCountsAsNoRestart() throws Exception {
    open("c1").plug();
    CountDownLatch spawn = new CountDownLatch(1);
    bench.adapter.beforeSpawn = spawn;
    var _ =
        bench.control.deploy(
            config("web").restart(RestartPolicy.NEVER).build(),
            DeployOptions.DEFAULT,
            Duration.ZERO);
    until(() -> bench.engine.journal().run("web").isPresent());
    try {
      open("c2").plug();
      bench.await("web", DaemonInfo::ready);
      assertEquals(0, bench.info("web").restarts());
      assertEquals(Optional.empty(), bench.info("web").lastExit());
      assertEquals(1, machine.spawned.get());
    } finally {
      spawn.countDown();
    }
  }

  @Test
  void whatLivedInTheContainerIsStartedAgainOnceAsHostLost() throws Exception {
    open("c1");
    bench.adapter.kind = Payload.Kind.IN_PROCESS;
    bench.classes.here.put("C", () -> null);
    bench.plug();
    bench.deploy(
        config("obj").what(new What.JavaClass("C", "")).restart(RestartPolicy.NEVER).build());
    open("c2");
    machine.runs.clear();
    bench.adapter.kind = Payload.Kind.IN_PROCESS;
    bench.classes.here.put("C", () -> null);
    bench.plug();
    bench.await("obj", i -> i.restarts() == 1 && i.ready());
    assertTrue(bench.info("obj").lastExit().orElseThrow() instanceof ExitReason.HostLost);
    assertEquals(2, machine.spawned.get());
  }

  @Test
  void whatAnOperatorStoppedStaysStoppedUnlessItIsToRunAlways() throws Exception {
    open("c1").plug();
    for (RestartPolicy p :
        List.of(RestartPolicy.ON_FAILURE, RestartPolicy.UNLESS_STOPPED, RestartPolicy.ALWAYS)) {
      bench.deploy(config(p.word()).restart(p).build());
      bench.control.stop(p.word(), WAIT);
    }
    // An update of the manager's bundle is no restart of the container.
    open("c1").plug();
    bench.deploy(config("marker").build());
    assertEquals(List.of("marker"), machine.names());
    open("c2").plug();
    bench.await("always", DaemonInfo::ready);
    assertEquals(List.of("always", "marker"), machine.names());
  }

  @Test
  void whatHasFailedStaysFailedWithItsReasonAndUnlessStoppedTriesAgainWithTheContainer()
      throws Exception {
    open("c1").plug();
    bench.deploy(config("web").restart(RestartPolicy.NEVER).build());
    bench.deploy(config("us").restart(RestartPolicy.UNLESS_STOPPED).build());
    bench.deploy(config("halted").restart(RestartPolicy.ALWAYS).build());
    machine.kill("web", CRASH);
    bench.control.halt("halted", "jidoka", "line");
    bench.await("web", i -> i.status().state() == State.FAILED);
    bench.await("halted", i -> i.status().state() == State.FAILED);
    DaemonStatus failed = bench.info("web").status();
    open("c2").plug();
    bench.await("us", i -> i.ready() && i.adapterPresent());
    assertEquals(failed, bench.info("web").status());
    assertTrue(bench.info("halted").status().toString().contains("jidoka"));
    assertEquals(List.of("us"), machine.names());
  }

  @Test
  void afterAShutdownTheNextContainerStartsAllAgain() throws Exception {
    open("c1").plug();
    bench.deploy(config("a").build());
    bench.deploy(config("b").build());
    bench.deploy(config("off").build());
    bench.control.stop("off", WAIT);
    bench.control.shutdown(WAIT);
    assertEquals(List.of(), machine.names());
    open("c2").plug();
    bench.await("a", DaemonInfo::ready);
    bench.await("b", DaemonInfo::ready);
    assertEquals(List.of("a", "b"), machine.names());
  }

  @Test
  void whatBelongsToNobodyIsRemovedAndNothingElse() throws Exception {
    open("c1").plug();
    bench.deploy(config("kept").build());
    bench.control.deploy(
        config("passing").build(), new DeployOptions(true, true, "run", true), WAIT);
    assertEquals(List.of("kept", "passing"), machine.names());
    open("c2").plug();
    until(() -> machine.log.contains("passing cleaned up"));
    bench.await("kept", DaemonInfo::adapterPresent);
    assertEquals(List.of("kept"), machine.names());
    assertEquals(1, bench.control.count());
  }

  @Test
  void recoveryIsOverOnceAllOfBeforeHasBeenLookedFor() throws Exception {
    open("c1").plug();
    bench.deploy(config("a").build());
    bench.deploy(config("b").build());
    open("c2");
    CountDownLatch gate = new CountDownLatch(1);
    bench.adapter.recoverGate = gate;
    assertTrue(bench.engine.recovery().toCompletableFuture().isDone(), "no platform is there yet");
    bench.plug();
    CompletableFuture<Void> over = bench.engine.recovery().toCompletableFuture();
    assertFalse(over.isDone());
    gate.countDown();
    Void _ = over.get(WAIT.toSeconds(), TimeUnit.SECONDS);
    assertTrue(bench.info("a").adapterPresent());
    assertTrue(bench.info("b").adapterPresent());
  }

  /** A timer keeps what it is about, and an adapter keeps all classes of its bundle. */
  @Test
  void noTimerIsLeftOfARecoveryThatIsOver() throws Exception {
    open("c1").plug();
    bench.deploy(config("a").build());
    int before = bench.engine.timers().pending();
    for (int i = 0; i < 3; i++) {
      bench.unplug();
      bench.await("a", d -> !d.adapterPresent());
      bench.plugAgain();
      bench.await("a", DaemonInfo::adapterPresent);
    }
    until(() -> bench.engine.timers().pending() <= before);
  }

  @Test
  void recoveryIsOverWhenThePlatformLeaves() throws Exception {
    CompletableFuture<Void> over = recoveryThatHangs();
    bench.unplug();
    assertTrue(over.isDone());
  }

  @Test
  void recoveryIsOverWhenTheManagerIsClosed() throws Exception {
    CompletableFuture<Void> over = recoveryThatHangs();
    Thread closes = Thread.ofPlatform().start(bench::close);
    Void _ = over.get(WAIT.toSeconds(), TimeUnit.SECONDS);
    bench.adapter.recoverGate.countDown();
    closes.join();
  }

  private CompletableFuture<Void> recoveryThatHangs() throws Exception {
    open("c1").plug();
    bench.deploy(config("a").build());
    open("c2");
    bench.adapter.recoverGate = new CountDownLatch(1);
    bench.plug();
    CompletableFuture<Void> over = bench.engine.recovery().toCompletableFuture();
    assertFalse(over.isDone());
    return over;
  }

  /** Its bundle is being updated: what it has not loaded yet cannot be loaded any more. */
  @Test
  void aStartInWhoseMiddleTheAdapterLeavesIsMadeByTheNextOne() throws Exception {
    open("c1").plug();
    ScriptedAdapter leaving = bench.adapter;
    leaving.amidSpawn =
        () -> {
          bench.engine.remove(leaving);
          throw new NoClassDefFoundError("com/example/Late");
        };
    bench.control.deploy(config("a").build(), DeployOptions.DEFAULT, Duration.ZERO);
    bench.await("a", i -> i.activity().contains("the adapter of platform"));
    bench.plugAgain();
    bench.await("a", DaemonInfo::ready);
    assertEquals(0, bench.info("a").restarts());
  }

  @Test
  void nothingIsStartedBeforeThoseOfBeforeAreTakenUp() throws Exception {
    open("c1").plug();
    bench.deploy(config("old").build());
    open("c2");
    bench.adapter.recoverFault =
        Optional.of(new DaemonException(ErrorCode.IO, "engine", "is busy", ""));
    bench.control.deploy(config("new").build(), DeployOptions.DEFAULT, Duration.ZERO);
    bench.plug();
    // It is tried again; meanwhile what is not known to have ended is kept.
    bench.await("new", DaemonInfo::ready);
    assertEquals(1, bench.adapter.completed.getFirst().size());
    assertEquals(List.of("new", "old"), machine.names());
    assertFalse(bench.info("old").adapterPresent());
    bench.adapter.recoverFault = Optional.empty();
    bench.await("old", DaemonInfo::adapterPresent);
    assertEquals(2, machine.spawned.get());
  }

  @Test
  void ofManyThoseThatHaveRestedAreToldAndAnAdapterThatCannotTellIsSurvived() throws Exception {
    open("c1").plug();
    bench.deploy(config("one").build());
    bench.deploy(config("two").build());
    bench.deploy(config("down").build());
    UsageSample one = bench.control.usage("one");
    UsageSample two = bench.control.usage("two");
    UsageSample down = bench.control.usage("down");
    bench.control.stop("down", WAIT);
    UsageSample other = new UsageSample(one.time(), 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0);

    assertEquals(
        bits(1, 3),
        bench.control.unchanged(
            List.of("gone", "one", "down", "two"), List.of(one, one, down, two)));
    assertEquals(bits(1), bench.control.unchanged(List.of("one", "two"), List.of(other, two)));
    bench.adapter.unchangedFault = Optional.of(new IllegalStateException("broken"));
    assertEquals(bits(), bench.control.unchanged(List.of("one", "two"), List.of(one, two)));
    bench.unplug();
    bench.await("one", i -> !i.adapterPresent());
    assertEquals(bits(), bench.control.unchanged(List.of("one", "two"), List.of(one, two)));
  }

  private static BitSet bits(int... set) {
    BitSet bits = new BitSet();
    IntStream.of(set).forEach(bits::set);
    return bits;
  }

  @Test
  void whileTheAdapterIsAwayDaemonsRunOnAndCommandsWaitOrFailClearly() throws Exception {
    open("c1").plug();
    bench.deploy(config("web").build());
    bench.deploy(config("old").build());
    bench.unplug();
    bench.await("web", i -> !i.adapterPresent());
    assertEquals(DaemonStatus.RUNNING, bench.info("web").status());
    assertThrows(AdapterGone.class, () -> bench.control.signal("web", Signal.HUP));
    assertThrows(AdapterGone.class, () -> bench.control.pause("web", Duration.ofMillis(20)));
    assertThrows(AdapterGone.class, () -> bench.control.usage("web"));
    DaemonException e =
        assertThrows(DaemonException.class, () -> bench.control.stop("old", Duration.ofSeconds(1)));
    assertEquals(ErrorCode.TIMEOUT, e.code());
    assertTrue(e.getMessage().contains("its adapter is not there"), e.getMessage());
    bench.control.deploy(config("later").build(), DeployOptions.DEFAULT, Duration.ZERO);
    Thread.ofPlatform()
        .start(
            () -> {
              try {
                Thread.sleep(50);
              } catch (InterruptedException i) {
                Thread.currentThread().interrupt();
              }
              bench.plugAgain();
            });
    bench.control.pause("web", WAIT);
    bench.await("old", i -> i.status().equals(DaemonStatus.STOPPED));
    bench.await("later", DaemonInfo::ready);
    assertEquals(DaemonStatus.PAUSED, bench.info("web").status());
    assertEquals(3, machine.spawned.get());
  }

  @Test
  void aPausedDaemonIsStillPausedAfterwards() throws Exception {
    open("c1").plug();
    bench.deploy(config("web").build());
    bench.control.pause("web", WAIT);
    open("c2").plug();
    bench.await("web", i -> i.status().equals(DaemonStatus.PAUSED));
    bench.control.resume("web", WAIT);
  }

  @Test
  void oneThatWasNotReadyYetIsWaitedForAnew() throws Exception {
    open("c1").plug();
    Readiness exec =
        new Readiness(
            Readiness.Type.EXEC, "", "", List.of("x"), "", 3, WAIT, Duration.ofMillis(20));
    bench.adapter.execCode = 1;
    bench.control.deploy(
        config("web").readiness(exec).build(), DeployOptions.DEFAULT, Duration.ZERO);
    bench.await("web", i -> i.activity().equals("not ready"));
    open("c2");
    bench.adapter.execCode = 1;
    bench.plug();
    bench.await("web", i -> i.activity().equals("not ready"));
    bench.adapter.execCode = 0;
    bench.await("web", DaemonInfo::ready);
    assertEquals(1, machine.spawned.get());
  }

  @Test
  void closingLetsGoOfProgramsAndStopsWhatLivesInside() throws Exception {
    open("c1");
    bench.adapter.kind = Payload.Kind.IN_PROCESS;
    bench.classes.here.put("C", () -> null);
    bench.plug();
    bench.deploy(config("obj").what(new What.JavaClass("C", "")).build());
    bench.close();
    assertEquals(List.of(), machine.names());
    bench = null;
    open("c1");
    bench.adapter.kind = Payload.Kind.IN_PROCESS;
    bench.classes.here.put("C", () -> null);
    bench.plug();
    bench.await("obj", DaemonInfo::ready);
    assertEquals(2, machine.spawned.get());
  }

  @Test
  void whoLeavesEndsWhatItIsAtAndAnswersMeanwhile() throws Exception {
    open("c1").plug();
    CountDownLatch answer = new CountDownLatch(1);
    bench.adapter.beforeAnswer = answer;
    var _ = bench.control.deploy(config("web").build(), DeployOptions.DEFAULT, Duration.ZERO);
    until(() -> machine.names().equals(List.of("web")));
    bench.engine.checkStays();
    Thread leaving = Thread.ofPlatform().daemon().start(bench.engine::leave);
    try {
      until(this::refuses);
      until(() -> leaving.getState() == Thread.State.TIMED_WAITING || !leaving.isAlive());
      assertEquals(State.STARTING, bench.info("web").status().state());
      assertTrue(leaving.isAlive(), "what it is at has not ended");
    } finally {
      answer.countDown();
    }
    assertTrue(leaving.join(WAIT));
    bench.await("web", DaemonInfo::ready);
    bench.close();
    bench = null;
    open("c1").plug();
    bench.await("web", DaemonInfo::ready);
    assertEquals(1, machine.spawned.get());
  }

  private boolean refuses() {
    try {
      bench.engine.checkStays();
      return false;
    } catch (DaemonException e) {
      return e.code().equals(ErrorCode.MANAGER_GONE);
    }
  }

  @Test
  void whoLeavesStopsWhatLivesInside() throws Exception {
    open("c1");
    bench.adapter.kind = Payload.Kind.IN_PROCESS;
    bench.classes.here.put("C", () -> null);
    bench.plug();
    bench.deploy(config("obj").what(new What.JavaClass("C", "")).build());
    bench.engine.leave();
    assertEquals(List.of(), machine.names());
    assertFalse(bench.info("obj").status().isActive());
    bench.close();
    bench = null;
    open("c1");
    bench.adapter.kind = Payload.Kind.IN_PROCESS;
    bench.classes.here.put("C", () -> null);
    bench.plug();
    bench.await("obj", DaemonInfo::ready);
    assertEquals(2, machine.spawned.get());
  }

  @Test
  void deploymentsAndGroupsAreThereAgain() throws Exception {
    open("c1").plug();
    bench.deploy(config("web").instances(2).build());
    DaemonId second = bench.info("web.2").id();
    bench.control.stop("web.1", WAIT);
    open("c2").plug();
    bench.await("web.2", DaemonInfo::adapterPresent);
    assertEquals(second, bench.info("web.2").id());
    assertEquals(DaemonStatus.STOPPED, bench.info("web.1").status());
    // A file that is read again changes nothing.
    bench.control.deploy(config("web").instances(2).build(), DeployOptions.DEFAULT, Duration.ZERO);
    assertEquals(List.of("web.2"), machine.names());
  }

  @Test
  void underChurnEveryDaemonRunsExactlyOnceAfterEachDeath() throws Exception {
    Random random = new Random(7);
    open("c0").plug();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      names.add("d" + i);
      bench.deploy(
          config("d" + i)
              .restart(RestartPolicy.ALWAYS)
              .exit(new com.paiml.duende.api.ExitRules(List.of(), List.of(), 0, Duration.ZERO))
              .build());
    }
    for (int round = 1; round <= 25; round++) {
      for (int i = 0; i < 10; i++) {
        String name = names.get(random.nextInt(names.size()));
        switch (random.nextInt(3)) {
          case 0 -> machine.kill(name, CRASH);
          case 1 -> bench.control.restart(name, Duration.ZERO);
          default -> bench.control.stop(name, Duration.ZERO);
        }
        if (random.nextInt(3) == 0) {
          Thread.sleep(random.nextInt(20));
        }
      }
      open("c" + round);
      machine.kill(names.get(random.nextInt(names.size())), CRASH);
      bench.plug();
      // Always is always: after a start of the container each of them runs.
      for (String name : names) {
        bench.await(name, i -> i.ready() && i.adapterPresent());
      }
      assertEquals(names.stream().sorted().toList(), machine.names(), "round " + round);
    }
  }

  @Test
  void adaptersThatAreSwappedUnderLoadLoseNoCommandAndStartNothingTwice() throws Exception {
    open("c1").plug();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      names.add("d" + i);
      bench.deploy(config("d" + i).build());
    }
    for (int round = 0; round < 20; round++) {
      bench.unplug();
      bench.control.restart(names.get(round), Duration.ZERO);
      bench.control.deploy(config("n" + round).build(), DeployOptions.DEFAULT, Duration.ZERO);
      names.add("n" + round);
      bench.plugAgain();
      String restarted = names.get(round);
      bench.await(restarted, i -> i.generation() == 2 && i.ready());
      bench.await("n" + round, DaemonInfo::ready);
    }
    for (String name : names) {
      bench.await(name, i -> i.ready() && i.adapterPresent());
    }
    assertEquals(names.stream().sorted().toList(), machine.names());
    assertEquals(30 + 20 + 20, machine.spawned.get());
  }
}
