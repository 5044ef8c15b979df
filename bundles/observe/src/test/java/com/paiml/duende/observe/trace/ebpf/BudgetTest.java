package com.paiml.duende.observe.trace.ebpf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.linux.bpf.BpfObjects.RunTime;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BudgetTest {
  private static final long SECOND = 1_000_000_000;

  @Test
  void what_costs_more_than_the_budget_is_watched_less_closely_until_it_fits() {
    Budget budget = new Budget(0.05, Level.STACKS);
    // A hundred thousand calls in a second: 16 % with stacks, below 5 % without.
    assertEquals(Budget.Step.CHANGE, budget.window(100_000, SECOND, SECOND));
    assertEquals(Level.EVENTS, budget.level());
    assertEquals(Budget.Step.STAY, budget.window(100_000, SECOND, SECOND));
    assertTrue(budget.cost(0, 0) > 0.05, "what the first second cost is not forgotten");
  }

  @Test
  void a_budget_of_one_is_whatever_it_costs() {
    Budget budget = new Budget(1, Level.EVENTS);
    // Five million calls of 350 ns in a second are more than there is.
    assertEquals(Budget.Step.STAY, budget.window(5_000_000, SECOND, SECOND));
    assertEquals(Budget.Step.STAY, budget.window(5_000_000, SECOND, SECOND));
    assertEquals(Level.EVENTS, budget.level());
    assertTrue(budget.cost(0, 0) > 1, "and what it costs is told");
  }

  @Test
  void a_million_calls_a_second_are_counted_for_part_of_the_time_only() {
    Budget budget = new Budget(0.05, Level.EVENTS);
    budget.window(1_000_000, SECOND, SECOND);
    assertEquals(Level.PART, budget.level());
    double listened = 0;
    for (int i = 0; i < 100; i++) {
      long calls = budget.isListening() ? 1_000_000 : 0;
      listened += budget.isListening() ? 1 : 0;
      budget.window(calls, SECOND, SECOND);
    }
    assertTrue(listened > 20 && listened < 60, listened + " of 100 windows");
    assertEquals(budget.isListening() ? 0 : 1_000_000, budget.unseen(0, SECOND, false));
  }

  @Test
  void after_a_calm_while_it_looks_closely_again_but_never_closer_than_was_asked() {
    Budget budget = new Budget(0.05, Level.TIMED);
    budget.window(1_000_000, SECOND, SECOND);
    for (int i = 0; i < 200; i++) {
      budget.window(10, SECOND, SECOND);
    }
    assertEquals(Level.TIMED, budget.level());
  }

  @Test
  void the_kernels_measurement_counts_only_when_most_of_it_is_the_daemons() {
    Budget budget = new Budget(0.05, Level.COUNTED);
    assertFalse(budget.measured(new RunTime(1_000_000, 10_000), 2_000));
    assertFalse(budget.measured(new RunTime(1_000, 10), 10));
    assertFalse(budget.isMeasured());
    assertTrue(budget.measured(new RunTime(500_000, 10_000), 10_000));
    assertTrue(budget.isMeasured());
    assertTrue(budget.nanosPerCall() > 50, "with the detour that the kernel does not measure");
  }
}
