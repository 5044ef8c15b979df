package com.paiml.duende.manager.engine;

import static com.paiml.duende.manager.engine.Bench.WAIT;
import static com.paiml.duende.manager.engine.Bench.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.Depends;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.ExitRules;
import com.paiml.duende.api.PolicyConfig;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.spi.PolicyEngine;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The next run of a daemon that is restarted without a pause: prepared while it runs, taken up when the policy says so. */
class NextRunTest {
  private static final ExitReason KILLED = new ExitReason.Signalled(9, false);
  private static final Backoff AT_ONCE =
      new Backoff(Duration.ZERO, Duration.ofSeconds(1), 2, 0.5, Duration.ofMinutes(10));

  @TempDir Path data;
  private Bench bench;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(data).plug();
  }

  @AfterEach
  void close() {
    bench.close();
    assertEquals(Set.of(), bench.machine.twice, "nothing ever runs twice");
    assertEquals(Set.of(), bench.machine.aheads.keySet(), "no next run without a manager");
  }

  private static DaemonConfig.Builder config(String name) {
    return Bench.config(name)
        .restart(RestartPolicy.ALWAYS)
        .backoff(AT_ONCE)
        .exit(tally(ExitRules.DEFAULT, 0));
  }

  private static ExitRules tally(ExitRules rules, int deaths) {
    return new ExitRules(rules.success(), rules.neverRestart(), deaths, rules.within());
  }

  private ScriptedAdapter.Ahead ahead(String name) {
    until(() -> bench.machine.aheads.containsKey(name));
    return bench.machine.aheads.get(name);
  }

  private long count(String line) {
    synchronized (bench.machine.log) {
      return bench.machine.log.stream().filter(line::equals).count();
    }
  }

  @Test
  void whatRestartsAtOnceHasANextRunThatIsTakenUp() throws Exception {
    bench.deploy(config("web").build());
    for (int death = 1; death <= 5; death++) {
      int generation = death + 1;
      ScriptedAdapter.Ahead ahead = ahead("web");
      assertEquals(generation, ahead.spec.generation());
      bench.machine.kill("web", KILLED);
      bench.await("web", i -> i.generation() == generation && i.ready());
      assertEquals(death, bench.info("web").restarts());
      assertEquals(Optional.of(KILLED), bench.info("web").lastExit());
    }
    assertEquals(5, count("web is taken up"));
    assertEquals(0, count("web has its heir ended"));
  }

  @Test
  void whatLivesShortlyHasNone() throws Exception {
    bench.deploy(config("web").build());
    for (int i = 2; i < 5; i++) {
      int generation = i;
      assertTrue(ahead("web").age >= Supervisor.SHORT_LIFE.toNanos(), "prepared too early");
      bench.machine.kill("web", KILLED);
      bench.await("web", d -> d.generation() == generation && d.ready());
    }
    assertEquals(Duration.ofMillis(50), Supervisor.SHORT_LIFE);
  }

  @Test
  void whatHasToWaitForSomethingHasNone() throws Exception {
    bench.deploy(config("base").build());
    PolicyConfig breaker = new PolicyConfig(Optional.of(PolicyConfig.Breaker.DEFAULT), 0, 0);
    List<DaemonConfig> all =
        List.of(
            Bench.config("pause").restart(RestartPolicy.ALWAYS).build(),
            config("breaker").policy(breaker).build(),
            config("after").depends(new Depends(List.of("base"), List.of(), List.of(), "")).build(),
            config("requires")
                .depends(new Depends(List.of(), List.of("base"), List.of(), ""))
                .build(),
            config("platform").restartBy(DaemonConfig.RestartBy.PLATFORM).build());
    for (DaemonConfig one : all) {
      bench.deploy(one);
    }
    // By the time that the last of them could have one, so could the others.
    bench.deploy(config("last").build());
    assertEquals(2, ahead("last").spec.generation());
    for (DaemonConfig one : all) {
      assertNull(bench.machine.aheads.get(one.name()), one.name());
      assertEquals(0, count(one.name() + " has a next run"));
    }
  }

  @Test
  void itFollowsOnlyTheEndsThatTheRulesRestart() throws Exception {
    bench.deploy(config("often").build());
    assertTrue(ahead("often").follows.test(new ExitReason.Graceful()));
    bench.deploy(config("web").restart(RestartPolicy.ON_FAILURE).build());
    ScriptedAdapter.Ahead failing = ahead("web");
    assertFalse(failing.follows.test(new ExitReason.Graceful()));
    assertTrue(failing.follows.test(new ExitReason.Failure(1, "")));
    assertTrue(failing.follows.test(KILLED));
    bench.machine.kill("web", new ExitReason.Graceful());
    bench.await("web", i -> i.status().equals(DaemonStatus.STOPPED));
    assertEquals(0, count("web has an heir"));

    bench.deploy(config("never").restart(RestartPolicy.NEVER).build());
    assertFalse(ahead("never").follows.test(KILLED));
  }

  @Test
  void itFollowsOnlyAsOftenAsTheRulesRestart() throws Exception {
    bench.deploy(config("few").restart(RestartPolicy.MAX_RETRIES).maxRetries(1).build());
    ScriptedAdapter.Ahead first = ahead("few");
    assertTrue(first.follows.test(KILLED));
    assertTrue(first.follows.test(KILLED), "to ask counts nothing");
    bench.machine.kill("few", KILLED);
    bench.await("few", i -> i.generation() == 2 && i.ready());
    assertFalse(ahead("few").follows.test(KILLED), "its retries are used up");
    bench.machine.kill("few", KILLED);
    bench.await("few", i -> i.status().isTerminal());
    assertEquals(1, count("few has an heir"));

    bench.deploy(config("tally").exit(tally(ExitRules.DEFAULT, 2)).build());
    assertTrue(ahead("tally").follows.test(KILLED));
    bench.machine.kill("tally", KILLED);
    bench.await("tally", i -> i.generation() == 2 && i.ready());
    assertFalse(ahead("tally").follows.test(KILLED), "two deaths are too many");
  }

  @Test
  void whoIsToldToEndHasNone() throws Exception {
    bench.deploy(config("web").build());
    assertEquals(2, ahead("web").spec.generation());
    bench.control.stop("web", WAIT);
    until(() -> bench.machine.aheads.isEmpty());
    assertEquals(0, count("web has an heir"));
    List<String> log = List.copyOf(bench.machine.log);
    assertTrue(
        log.indexOf("web has its next run forgone") < log.indexOf("web told to stop"),
        log::toString);
    bench.deploy(config("term").build());
    assertEquals(2, ahead("term").spec.generation());
    bench.control.signal("term", Signal.TERM);
    bench.await("term", i -> i.status().equals(DaemonStatus.STOPPED));
    until(() -> bench.machine.aheads.isEmpty());
    log = List.copyOf(bench.machine.log);
    assertTrue(
        log.indexOf("term has its next run forgone") < log.indexOf("term ended"), log::toString);
  }

  @Test
  void aPausedDaemonHasNoneUntilItGoesOn() throws Exception {
    bench.deploy(config("web").build());
    assertEquals(2, ahead("web").spec.generation());
    bench.control.pause("web", WAIT);
    until(() -> bench.machine.aheads.isEmpty());
    bench.control.resume("web", WAIT);
    assertEquals(2, ahead("web").spec.generation());
    assertEquals(2, count("web has a next run"));
  }

  @Test
  void aPolicyThatChangesAfterwardsIsTheOneThatHolds() throws Exception {
    bench.deploy(config("web").build());
    assertTrue(ahead("web").follows.test(new ExitReason.Graceful()));
    bench.deploy(config("web").restart(RestartPolicy.ON_FAILURE).build());
    until(() -> count("web has a next run") == 2 && bench.machine.aheads.containsKey("web"));
    assertEquals(1, count("web has its next run forgone"));
    assertFalse(ahead("web").follows.test(new ExitReason.Graceful()));
    assertEquals(RestartPolicy.ON_FAILURE, ahead("web").spec.config().restart());
    // A pause is written: there is nothing to be prepared any more.
    bench.deploy(Bench.config("web").restart(RestartPolicy.ALWAYS).build());
    until(() -> bench.machine.aheads.isEmpty());
    assertEquals(1, bench.info("web").generation());
  }

  @Test
  void aChangedProgramIsNotTheOneThatWasPrepared() throws Exception {
    bench.deploy(config("web").build());
    assertEquals(2, ahead("web").spec.generation());
    bench.deploy(config("web").what(new What.Program("other")).build());
    bench.await("web", i -> i.generation() == 2 && i.ready());
    assertEquals(0, count("web is taken up"));
    until(() -> ahead("web").spec.generation() == 3);
    assertEquals(new What.Program("other"), ahead("web").spec.config().what());
  }

  @Test
  void whatAPolicyForbidsWhenItIsThereIsEndedAndNeverTold() throws Exception {
    AtomicReference<PolicyEngine.Verdict> verdict =
        new AtomicReference<>(PolicyEngine.Verdict.ALLOW);
    bench.services.add(
        new PolicyEngine() {
          @Override
          public String name() {
            return "gate";
          }

          @Override
          public Verdict beforeStart(DaemonConfig c, long restarts) {
            return verdict.get();
          }
        });
    bench.deploy(config("web").build());
    assertEquals(2, ahead("web").spec.generation());
    verdict.set(PolicyEngine.Verdict.deny("too often"));
    bench.machine.kill("web", KILLED);
    bench.await("web", i -> i.status().isTerminal());
    until(() -> count("web has its heir ended") == 1);
    assertEquals(0, count("web is taken up"));
    assertEquals(1, count("web started"), "only the first was ever told");

    verdict.set(PolicyEngine.Verdict.ALLOW);
    bench.deploy(config("late").build());
    assertEquals(2, ahead("late").spec.generation());
    verdict.set(PolicyEngine.Verdict.later("not yet", Duration.ofMillis(50)));
    bench.machine.kill("late", KILLED);
    bench.await("late", i -> i.activity().equals("waits for gate: not yet"));
    until(() -> count("late has its heir ended") == 1);
    verdict.set(PolicyEngine.Verdict.ALLOW);
    bench.await("late", DaemonInfo::ready);
    assertEquals(0, count("late is taken up"));
    assertEquals(2, count("late started"));
  }

  @Test
  void whoLeavesForgoesIt() throws Exception {
    bench.deploy(config("web").build());
    assertEquals(2, ahead("web").spec.generation());
    bench.close();
    assertEquals(Set.of(), bench.machine.aheads.keySet());
    assertEquals(List.of("web"), bench.machine.names(), "it goes on");
  }
}
