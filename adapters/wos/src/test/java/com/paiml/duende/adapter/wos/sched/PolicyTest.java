package com.paiml.duende.adapter.wos.sched;

import static com.paiml.duende.adapter.wos.sched.Simulation.MS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The policy on a simulated clock: no threads, no waiting. */
class PolicyTest {

  @Test
  void given_processes_of_all_levels_when_slots_are_free_then_the_best_level_runs_first() {
    Simulation s = new Simulation(Rules.standard(1));
    for (int level = 7; level >= 0; level--) {
      s.policy.admit(level, Priority.of(level), level);
      s.policy.ready(level, 0);
    }
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      int pid = s.policy.plan(0).run().getFirst();
      order.add(pid);
      s.policy.remove(pid, 0);
    }
    assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7), order);
  }

  @Test
  void given_three_busy_of_one_level_when_they_run_then_turns_of_one_quantum_go_round() {
    Simulation s = new Simulation(Rules.standard(1));
    s.busy(1, Priority.NORMAL);
    s.busy(2, Priority.NORMAL);
    s.busy(3, Priority.NORMAL);
    s.runUntil(60 * MS);
    assertEquals(
        List.of(1, 2, 3, 1, 2, 3),
        s.dispatches.stream().limit(6).map(Simulation.Dispatch::pid).toList());
    assertEquals(5 * MS, s.dispatches.get(1).at());
    assertEquals(10 * MS, s.dispatches.get(2).at());
    assertEquals(20 * MS, s.policy.cpu(1, s.now));
  }

  @Test
  void given_one_busy_process_when_nobody_waits_then_it_is_never_asked_to_yield() {
    Simulation s = new Simulation(Rules.standard(1));
    s.busy(1, Priority.IDLE);
    s.runUntil(1000 * MS);
    assertEquals(1, s.dispatches.size());
    assertEquals(1000 * MS, s.policy.cpu(1, s.now));
  }

  @Test
  void given_two_slots_when_four_are_busy_then_two_run_at_once_and_share_equally() {
    Simulation s = new Simulation(Rules.standard(2));
    for (int pid = 1; pid <= 4; pid++) {
      s.busy(pid, Priority.NORMAL);
    }
    s.runUntil(1000 * MS);
    for (int pid = 1; pid <= 4; pid++) {
      assertEquals(25.0, s.share(pid), 1.0);
    }
  }

  @Test
  void
      given_a_busy_worse_level_when_a_better_one_wakes_then_it_runs_at_once_and_the_other_keeps_its_rest() {
    Simulation s = new Simulation(Rules.standard(1));
    s.busy(7, Priority.IDLE);
    s.busy(8, Priority.IDLE);
    s.policy.admit(1, Priority.CRITICAL, 1);
    s.at(2 * MS, () -> s.wake(1));
    s.at(
        3 * MS,
        () -> {
          s.policy.block(1, s.now);
          s.running.remove(1);
        });
    s.runUntil(7 * MS);
    assertEquals(
        List.of(
            new Simulation.Dispatch(0, 7),
            new Simulation.Dispatch(2 * MS, 1),
            new Simulation.Dispatch(3 * MS, 7),
            new Simulation.Dispatch(6 * MS, 8)),
        s.dispatches);
  }

  @Test
  void given_a_running_process_that_has_not_yielded_yet_when_a_better_one_wakes_then_it_runs_now() {
    Policy policy = new Simulation(Rules.standard(1)).policy;
    admit(policy, 7, Priority.IDLE);
    policy.plan(0);
    admit(policy, 1, Priority.CRITICAL);
    Plan plan = policy.plan(MS);
    assertEquals(List.of(1), plan.run());
    assertEquals(List.of(7), plan.yield());
    // The one that leaves is no slot for others, and is not taken for one again.
    admit(policy, 2, Priority.CRITICAL);
    plan = policy.plan(MS + 1);
    assertEquals(List.of(), plan.run());
    assertEquals(List.of(), plan.yield());
  }

  @Test
  void
      given_a_process_asked_at_the_end_of_its_quantum_when_a_better_one_wakes_then_it_runs_before_that_has_yielded() {
    Policy policy = new Simulation(Rules.standard(1)).policy;
    admit(policy, 7, Priority.IDLE);
    admit(policy, 8, Priority.IDLE);
    policy.plan(0);
    assertEquals(List.of(7), policy.plan(5 * MS).yield());
    admit(policy, 1, Priority.CRITICAL);
    Plan plan = policy.plan(6 * MS);
    assertEquals(List.of(1), plan.run());
    assertEquals(List.of(), plan.yield(), "it was asked already");
    policy.block(1, 7 * MS);
    policy.giveWay(7, 7 * MS);
    assertEquals(List.of(8), policy.plan(7 * MS).run());
  }

  @Test
  void
      given_a_better_process_that_is_done_before_the_other_has_yielded_then_the_other_keeps_slot_and_rest() {
    Policy policy = new Simulation(Rules.standard(1)).policy;
    admit(policy, 7, Priority.IDLE);
    admit(policy, 8, Priority.IDLE);
    policy.plan(0);
    admit(policy, 1, Priority.CRITICAL);
    policy.plan(MS);
    policy.block(1, 2 * MS);
    assertEquals(List.of(), policy.plan(2 * MS).run(), "the slot is still in use");
    policy.giveWay(7, 3 * MS);
    Plan plan = policy.plan(3 * MS);
    assertEquals(List.of(7), plan.run());
    assertEquals(5 * MS, plan.nextAt(), "2 ms are left of its quantum");
  }

  private static void admit(Policy policy, int pid, Priority priority) {
    policy.admit(pid, priority, pid);
    policy.ready(pid, 0);
  }

  @Test
  void
      given_a_process_that_waits_when_five_ticks_pass_then_it_rises_one_level_and_returns_to_base_after_its_turn() {
    Rules rules = Rules.standard(1);
    Simulation s = new Simulation(rules);
    s.busy(1, Priority.NORMAL);
    s.busy(2, Priority.LOW);
    s.runUntil(rules.agingAfter() - 1);
    assertEquals(6, s.policy.effectiveLevel(2));
    s.runUntil(rules.agingAfter() + 1);
    assertEquals(5, s.policy.effectiveLevel(2));
    assertEquals(0, s.policy.cpu(2, s.now));
    s.runUntil(2 * rules.agingAfter() + 12 * MS);
    assertEquals(5 * MS, s.policy.cpu(2, s.now), "one quantum, once it reached the busy level");
    assertEquals(6, s.policy.effectiveLevel(2), "and back to its base");
  }

  @Test
  void
      given_one_busy_process_per_level_when_they_compete_then_all_run_and_shares_fall_with_the_level() {
    Simulation s = new Simulation(Rules.standard(1));
    for (int level = 0; level < 8; level++) {
      s.busy(level + 1, Priority.of(level));
    }
    s.runUntil(60_000 * MS);
    for (int level = 0; level < 7; level++) {
      assertTrue(
          s.share(level + 1) > s.share(level + 2),
          "level "
              + level
              + " "
              + s.share(level + 1)
              + " % and the next "
              + s.share(level + 2)
              + " %");
    }
    assertTrue(s.share(1) > 95, "first " + s.share(1));
    assertTrue(s.share(8) > 0.1, "last " + s.share(8));
  }

  /** The figures of this table are those of docs/wos.md. */
  @Test
  void
      given_a_hundred_busy_processes_on_one_slot_then_the_documented_shares_hold_and_none_starves() {
    Simulation s = new Simulation(Rules.standard(1));
    for (int i = 0; i < 100; i++) {
      s.busy(i + 1, Priority.of(i % 8));
    }
    s.runUntil(120_000 * MS);
    double[] share = new double[8];
    for (int i = 0; i < 100; i++) {
      share[i % 8] += s.share(i + 1);
    }
    assertTrue(share[0] >= 66, "level 0 has two turns in three: " + share[0]);
    for (int level = 1; level < 8; level++) {
      assertTrue(share[level] > 1.5, "level " + level + ": " + share[level]);
      assertTrue(share[level] <= share[level - 1] + 0.2, "level " + level + ": " + share[level]);
    }
    long worst = s.longestWait.values().stream().mapToLong(Long::longValue).max().orElseThrow();
    long bound = 7 * Rules.standard(1).agingAfter() + 100L * 3 * 5 * MS;
    assertTrue(worst <= bound, "longest wait " + worst / MS + " ms, bound " + bound / MS + " ms");
    assertEquals(100, s.longestWait.size());
  }

  @Test
  void
      given_level_0_saturated_by_short_wakeups_when_an_idle_process_waits_then_it_still_gets_turns() {
    Simulation s = new Simulation(Rules.standard(1));
    for (int pid = 1; pid <= 40; pid++) {
      s.periodic(pid, Priority.CRITICAL, 10 * MS, MS);
    }
    s.busy(100, Priority.IDLE);
    s.runUntil(20_000 * MS);
    assertTrue(s.policy.turns(100) >= 4, "turns " + s.policy.turns(100));
    assertTrue(
        s.policy.cpu(100, s.now) >= 4 * Rules.standard(1).grace(),
        "cpu " + s.policy.cpu(100, s.now));
  }

  @Test
  void
      given_twenty_busy_idle_processes_when_a_critical_one_wakes_then_it_waits_no_longer_than_the_grace() {
    Simulation s = new Simulation(Rules.standard(1));
    for (int pid = 1; pid <= 20; pid++) {
      s.busy(pid, Priority.IDLE);
    }
    s.periodic(100, Priority.CRITICAL, 7 * MS, MS / 10);
    s.runUntil(10_000 * MS);
    assertTrue(s.policy.turns(100) > 1000);
    assertTrue(
        s.longestWait.getOrDefault(100, Long.MAX_VALUE) <= Rules.standard(1).grace(),
        "waited " + s.longestWait.get(100));
  }

  @Test
  void given_a_quota_of_20_percent_when_busy_for_ten_seconds_then_cpu_time_stays_within_it() {
    Simulation s = new Simulation(Rules.standard(2));
    s.busy(1, Priority.NORMAL, 7);
    s.busy(2, Priority.NORMAL, 7);
    s.policy.quota(7, 20, 0);
    s.runUntil(10_000 * MS);
    long used = s.policy.cpu(1, s.now) + s.policy.cpu(2, s.now);
    assertTrue(used <= 2010 * MS && used >= 1950 * MS, "used " + used / MS + " ms of 2000");
  }

  @Test
  void given_a_throttled_process_when_the_quota_is_lifted_then_it_runs_on() {
    Simulation s = new Simulation(Rules.standard(1));
    s.busy(1, Priority.NORMAL);
    s.policy.quota(1, 10, 0);
    s.runUntil(50 * MS);
    assertTrue(s.policy.throttled(1));
    s.policy.quota(1, 0, s.now);
    s.runUntil(60 * MS);
    assertFalse(s.policy.throttled(1));
    assertEquals(20 * MS, s.policy.cpu(1, s.now));
  }

  @Test
  void given_a_waiting_process_when_it_is_reniced_then_it_moves_at_once() {
    Simulation s = new Simulation(Rules.standard(1));
    s.busy(1, Priority.HIGH);
    s.busy(2, Priority.IDLE);
    s.runUntil(MS);
    s.policy.renice(2, Priority.CRITICAL, s.now);
    s.runUntil(MS + 1);
    assertTrue(s.running.contains(2));
  }

  @Test
  void given_a_stopped_process_when_others_run_then_it_has_no_turn_until_it_is_ready_again() {
    Simulation s = new Simulation(Rules.standard(1));
    s.busy(1, Priority.NORMAL);
    s.busy(2, Priority.NORMAL);
    s.policy.block(2, 0);
    s.runUntil(100 * MS);
    assertEquals(0, s.policy.cpu(2, s.now));
    s.wake(2);
    s.runUntil(200 * MS);
    assertEquals(50.0 * MS, (double) s.policy.cpu(2, s.now), 5.0 * MS);
  }

  @Test
  void given_the_same_events_when_run_twice_then_every_decision_is_the_same() {
    assertEquals(storm(42).dispatches, storm(42).dispatches);
  }

  @Test
  void given_a_thousand_random_events_when_the_storm_ends_then_nobody_was_lost() {
    for (int seed = 0; seed < 20; seed++) {
      Simulation s = storm(seed);
      long before = s.now;
      for (int pid = 1; pid <= 30; pid++) {
        s.policy.ready(pid, s.now);
      }
      long[] had = new long[31];
      for (int pid = 1; pid <= 30; pid++) {
        s.policy.quota(pid, 0, s.now);
        had[pid] = s.policy.cpu(pid, s.now);
      }
      s.runUntil(before + 20_000 * MS);
      for (int pid = 1; pid <= 30; pid++) {
        assertTrue(
            s.policy.cpu(pid, s.now) > had[pid],
            "seed " + seed + " process " + pid + " got no turn");
      }
    }
  }

  private static Simulation storm(int seed) {
    Random random = new Random(seed);
    Simulation s = new Simulation(Rules.standard(1 + seed % 3));
    for (int pid = 1; pid <= 30; pid++) {
      s.busy(pid, Priority.of(random.nextInt(8)));
    }
    for (int i = 0; i < 1000; i++) {
      int pid = 1 + random.nextInt(30);
      long at = random.nextLong(2_000 * MS);
      switch (random.nextInt(5)) {
        case 0 ->
            s.at(
                at,
                () -> {
                  s.policy.block(pid, s.now);
                  s.running.remove(pid);
                });
        case 1 ->
            s.at(
                at,
                () -> {
                  s.policy.giveWay(pid, s.now);
                  s.running.remove(pid);
                });
        case 2 -> s.at(at, () -> s.policy.renice(pid, Priority.of(pid % 8), s.now));
        case 3 -> s.at(at, () -> s.policy.quota(pid, pid % 3 * 10.0, s.now));
        default -> s.at(at, () -> s.wake(pid));
      }
    }
    s.runUntil(2_100 * MS);
    return s;
  }

  @Test
  void given_figures_out_of_range_when_rules_are_made_then_they_are_refused_by_name() {
    var refused = assertThrows(IllegalArgumentException.class, () -> Rules.standard(0));
    assertTrue(String.valueOf(refused.getMessage()).contains("slots 0"));
  }

  @Test
  void given_a_level_as_people_write_it_when_read_then_names_and_digits_are_understood() {
    assertEquals(Priority.ABOVE_NORMAL, Priority.parse("above-normal").orElseThrow());
    assertEquals(Priority.IDLE, Priority.parse("7").orElseThrow());
    assertTrue(Priority.parse("8").isEmpty());
    assertTrue(Priority.parse("urgent").isEmpty());
    assertEquals("normal_plus", Priority.NORMAL_PLUS.word());
  }
}
