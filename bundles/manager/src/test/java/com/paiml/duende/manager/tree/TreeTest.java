package com.paiml.duende.manager.tree;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.Depends;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.GroupConfig.Strategy;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.manager.life.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TreeTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private static Depends requires(String... names) {
    return new Depends(List.of(), List.of(names), List.of(), "");
  }

  private static Depends inGroup(String group, String... requires) {
    return new Depends(List.of(), List.of(requires), List.of(), group);
  }

  /** db, app requires db, web requires app. */
  private static Forest chain(long seed) {
    Forest f = new Forest(seed);
    f.put("web", requires("app"));
    f.put("app", requires("db"));
    f.put("db", Depends.NONE);
    return f;
  }

  private static void before(Forest f, String first, String then) {
    assertTrue(
        f.indexOf(first) >= 0 && f.indexOf(first) < f.indexOf(then),
        first + " before " + then + " in " + f.log);
  }

  @Test
  void whatIsRequiredIsStartedFirstAndWaitedForUntilReady() {
    for (int seed = 0; seed < 50; seed++) {
      Forest f = chain(seed);
      f.start("web");
      f.run(LONG);
      assertEquals(Set.of("web", "app", "db"), Set.copyOf(f.running()));
      before(f, "db RUNNING", "app RUNNING");
      before(f, "app RUNNING", "web RUNNING");
    }
  }

  @Test
  void whatRequiresItIsStoppedFirst() {
    for (int seed = 0; seed < 50; seed++) {
      Forest f = chain(seed);
      f.start("web");
      f.run(LONG);
      f.tree.stop(List.of("db"), true, Map.of());
      f.run(LONG);
      assertEquals(List.of(), f.running());
      before(f, "web STOPPED", "app STOPPING");
      before(f, "app STOPPED", "db STOPPING");
    }
  }

  @Test
  void aRestartTakesThoseThatRequireItAlong() {
    Forest f = chain(3);
    f.start("web");
    f.run(LONG);
    f.log.clear();
    assertEquals(3, f.running().size());
    try {
      f.tree.restart(List.of("app"), Map.of());
    } catch (DaemonException e) {
      throw new AssertionError(e);
    }
    f.run(LONG);
    assertEquals(3, f.running().size());
    before(f, "web STOPPED", "app STOPPING");
    assertTrue(f.lastIndexOf("app RUNNING") < f.lastIndexOf("web RUNNING"));
    assertEquals(-1, f.indexOf("db STOPPING"));
  }

  @Test
  void aRequirementThatFailsFailsThoseThatRequireIt() {
    Forest f = new Forest(1);
    f.put("web", requires("db"));
    f.put(Forest.config("db", Depends.NONE).restart(RestartPolicy.NEVER).build());
    f.start("web");
    f.run(LONG);
    f.dies("db");
    f.run(LONG);
    assertEquals(State.FAILED, f.state("db"));
    assertEquals(
        DaemonStatus.failed(new FailureReason.DependencyFailed("db")), f.lives.get("web").status());
  }

  @Test
  void aCrashThatIsFollowedByARestartLeavesThoseThatRequireItAlone() {
    Forest f = chain(1);
    f.start("web");
    f.run(LONG);
    f.log.clear();
    f.dies("db");
    f.run(LONG);
    assertEquals(3, f.running().size());
    assertEquals(List.of("db dies", "db STARTING", "db RUNNING"), f.log);
  }

  @Test
  void wantsAreStartedAndWaitedForButMayFail() {
    Forest f = new Forest(1);
    f.put("web", new Depends(List.of(), List.of(), List.of("cache", "nothing"), ""));
    f.put(Forest.config("cache", Depends.NONE).restart(RestartPolicy.NEVER).build());
    f.start("web");
    f.run(LONG);
    before(f, "cache RUNNING", "web RUNNING");
    f.dies("cache");
    f.run(LONG);
    assertEquals(List.of("web"), f.running());
  }

  @Test
  void afterOrdersWhatIsStartedAnywayAndStartsNothing() {
    Forest f = new Forest(1);
    f.put("web", new Depends(List.of("db"), List.of(), List.of(), ""));
    f.put("db", Depends.NONE);
    f.start("web");
    f.run(LONG);
    assertEquals(List.of("web"), f.running());
    f.tree.stop(List.of("web"), true, Map.of());
    f.run(LONG);
    f.log.clear();
    f.start("web", "db");
    f.run(LONG);
    before(f, "db RUNNING", "web RUNNING");
    f.tree.stopAll(9);
    f.run(LONG);
    before(f, "web STOPPED", "db STOPPED");
    assertEquals(List.of(9L), f.done);
  }

  @Test
  void aStartThatRequiresWhatIsNotDeployedIsRefusedByNameAndAnAutomaticOneWaits() throws Exception {
    Forest f = new Forest(1);
    f.put("web", requires("db"));
    DaemonException e =
        assertThrows(DaemonException.class, () -> f.tree.start(List.of("web"), true, Map.of()));
    assertEquals(ErrorCode.NOT_FOUND, e.code());
    assertTrue(e.getMessage().contains("\"db\""), e.getMessage());
    f.tree.start(List.of("web"), false, Map.of());
    f.run(LONG);
    assertEquals("waits for db, which is not deployed", f.lives.get("web").activity());
    f.put("db", Depends.NONE);
    f.run(LONG);
    assertEquals(Set.of("web", "db"), Set.copyOf(f.running()));
  }

  @Test
  void aCycleIsNamedHoweverLongItIs() {
    Forest f = new Forest(1);
    f.put("a", requires("b"));
    f.put("b", new Depends(List.of("c"), List.of(), List.of(), ""));
    f.put("c", Depends.NONE);
    assertEquals(Optional.of(List.of("c", "a", "b", "c")), f.tree.cycle("c", requires("a")));
    assertEquals(Optional.of(List.of("c", "c")), f.tree.cycle("c", requires("c")));
    assertEquals(Optional.empty(), f.tree.cycle("d", requires("a", "b", "c")));
    Forest deep = new Forest(1);
    for (int i = 0; i < 20_000; i++) {
      deep.put("n" + i, requires("n" + (i + 1)));
    }
    assertEquals(20_002, deep.tree.cycle("n20000", requires("n0")).orElseThrow().size());
  }

  private static Forest group(Strategy strategy, int intensity, boolean escalate, long seed) {
    Forest f = new Forest(seed);
    f.tree.define(new GroupConfig("g", strategy, intensity, Duration.ofSeconds(60), escalate));
    f.put("a", inGroup("g"));
    f.put("b", inGroup("g"));
    f.put("c", inGroup("g"));
    f.put("out", requires("b"));
    f.start("a", "b", "c", "out");
    f.run(LONG);
    assertEquals(4, f.running().size());
    f.log.clear();
    return f;
  }

  @Test
  void oneForOneStartsOnlyTheDeadOneAgain() {
    Forest f = group(Strategy.ONE_FOR_ONE, 3, true, 1);
    f.dies("b");
    f.run(LONG);
    assertEquals(4, f.running().size());
    assertEquals(List.of("b dies", "b STARTING", "b RUNNING"), f.log);
  }

  @Test
  void oneForAllStopsAllAndStartsAllAgain() {
    for (int seed = 0; seed < 50; seed++) {
      Forest f = group(Strategy.ONE_FOR_ALL, 3, true, seed);
      f.dies("b");
      f.run(LONG);
      assertEquals(4, f.running().size(), f.log.toString());
      for (String other : List.of("a", "c")) {
        before(f, other + " STOPPED", "b RUNNING");
        assertEquals(1, f.lives.get(other).restarts());
      }
    }
  }

  @Test
  void restForOneStopsThoseThatComeAfter() {
    Forest f = group(Strategy.REST_FOR_ONE, 3, true, 1);
    f.dies("b");
    f.run(LONG);
    assertEquals(4, f.running().size());
    assertEquals(1, f.lives.get("a").generation());
    assertEquals(2, f.lives.get("b").generation());
    assertEquals(2, f.lives.get("c").generation());
  }

  @Test
  void tooManyDeathsFailTheWholeGroupAndWhatRequiresIt() {
    Forest f = group(Strategy.ONE_FOR_ONE, 1, true, 1);
    f.dies("a");
    f.run(LONG);
    f.dies("b");
    f.run(LONG);
    for (String d : List.of("a", "b", "c")) {
      assertTrue(
          f.lives.get(d).status().toString().contains("group g: 2 deaths"),
          d + " " + f.lives.get(d).status());
    }
    assertEquals(
        DaemonStatus.failed(new FailureReason.DependencyFailed("b")), f.lives.get("out").status());
  }

  @Test
  void withoutEscalationTheOthersGoOn() {
    Forest f = group(Strategy.ONE_FOR_ONE, 0, false, 1);
    f.dies("a");
    f.run(LONG);
    assertEquals(List.of("out"), f.running());
  }

  @Test
  void escalationReachesTheGroupsOfThoseThatRequireAMember() {
    Forest f = new Forest(1);
    f.tree.define(new GroupConfig("g", Strategy.ONE_FOR_ONE, 0, LONG, true));
    f.tree.define(new GroupConfig("h", Strategy.ONE_FOR_ONE, 5, LONG, true));
    f.put("a", inGroup("g"));
    f.put("x", inGroup("h", "a"));
    f.put("y", inGroup("h"));
    f.put("free", Depends.NONE);
    f.start("a", "x", "y", "free");
    f.run(LONG);
    f.dies("a");
    f.run(LONG);
    assertEquals(List.of("free"), f.running());
    assertEquals(State.FAILED, f.state("y"));
  }

  @Test
  void deathsOutsideThePeriodDoNotAddUp() {
    Forest f = group(Strategy.ONE_FOR_ONE, 1, true, 1);
    for (int i = 0; i < 5; i++) {
      f.dies("a");
      f.run(Duration.ofSeconds(61));
    }
    assertEquals(4, f.running().size());
  }

  @Test
  void aStoppedMemberIsNotBroughtBackByItsGroup() {
    Forest f = group(Strategy.ONE_FOR_ALL, 3, true, 1);
    f.tree.stop(List.of("c"), true, Map.of());
    f.run(LONG);
    f.dies("a");
    f.run(LONG);
    assertEquals(Set.of("a", "b", "out"), Set.copyOf(f.running()));
  }

  @Test
  void whatIsStoppedWhileItsGroupStartsItAgainIsAtRestInTheEnd() {
    for (int seed = 0; seed < 3000; seed++) {
      Random random = new Random(seed);
      Forest f = new Forest(seed);
      f.tree.define(
          new GroupConfig(
              "g", List.of(Strategy.values()).get(random.nextInt(3)), 1000, LONG, true));
      f.put("worker", inGroup("g"));
      f.put("api", inGroup("g", "worker"));
      f.put("report", inGroup("g", "api"));
      f.start("report");
      f.run(LONG);
      List<String> names = List.of("worker", "api", "report");
      for (int i = random.nextInt(3); i >= 0; i--) {
        f.dies(names.get(random.nextInt(3)));
        f.run(Duration.ofNanos(random.nextInt(random.nextBoolean() ? 10_000 : 300_000_000)));
      }
      f.tree.stop(List.of("worker"), true, Map.of());
      for (int i = 0; i < 20; i++) {
        f.run(Duration.ofNanos(random.nextInt(300_000_000)));
        f.dies("worker");
      }
      f.run(LONG);
      for (String name : names) {
        assertEquals(
            State.STOPPED,
            f.state(name),
            "seed " + seed + ": " + name + " " + f.lives.get(name).activity() + " " + f.log);
      }
    }
  }

  @Test
  void whateverDiesInWhateverOrderAllStandsAgainInTheEnd() {
    for (int seed = 0; seed < 400; seed++) {
      Random random = new Random(seed);
      Forest f = new Forest(seed);
      Strategy strategy = List.of(Strategy.values()).get(random.nextInt(3));
      f.tree.define(new GroupConfig("g", strategy, 1000, LONG, true));
      List<String> names = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Set<String> on = new HashSet<>();
        for (int j = 0; j < i; j++) {
          if (random.nextInt(4) == 0) {
            on.add("d" + j);
          }
        }
        String name = "d" + i;
        f.put(
            name,
            new Depends(List.of(), List.copyOf(on), List.of(), random.nextBoolean() ? "g" : ""));
        names.add(name);
      }
      f.start(names.toArray(String[]::new));
      for (int i = 0; i < 40; i++) {
        f.run(Duration.ofMillis(random.nextInt(300)));
        String name = names.get(random.nextInt(names.size()));
        switch (random.nextInt(6)) {
          case 0 -> f.tree.stop(List.of(name), true, Map.of());
          case 1 -> {
            try {
              f.tree.restart(List.of(name), Map.of());
            } catch (DaemonException e) {
              throw new AssertionError(e);
            }
          }
          default -> f.dies(name);
        }
      }
      f.run(Duration.ofMinutes(5));
      for (String name : names) {
        assertTrue(
            Set.of(State.RUNNING, State.STOPPED, State.CREATED).contains(f.state(name)),
            "seed "
                + seed
                + ": "
                + name
                + " "
                + f.lives.get(name).status()
                + " "
                + f.lives.get(name).activity());
      }
      for (String name : names) {
        try {
          f.tree.start(List.of(name), false, Map.of());
        } catch (DaemonException e) {
          throw new AssertionError(e);
        }
      }
      f.run(Duration.ofMinutes(5));
      assertEquals(names.size(), f.running().size(), "seed " + seed + " " + strategy);
      f.log.clear();
      f.tree.stopAll(7);
      f.run(Duration.ofMinutes(5));
      assertEquals(List.of(7L), f.done, "seed " + seed);
      assertEquals(List.of(), f.running());
      for (String name : names) {
        for (String on : f.lives.get(name).config().depends().requires()) {
          assertTrue(
              f.lastIndexOf(name + " STOPPED") < f.lastIndexOf(on + " STOPPING"), "seed " + seed);
        }
      }
    }
  }

  @Test
  void messagesThatConcernNobodyElseKeepTheirOrder() {
    Forest f = new Forest(1);
    f.put("a", Depends.NONE);
    f.start("a");
    f.run(LONG);
    f.tree.pass("a", new Message.Pause(), 1);
    f.tree.stop(List.of("a"), true, Map.of());
    f.run(LONG);
    assertEquals(State.STOPPED, f.state("a"));
  }
}
