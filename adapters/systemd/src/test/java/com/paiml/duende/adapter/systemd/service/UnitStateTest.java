package com.paiml.duende.adapter.systemd.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** What is kept of a unit: much of it is the same for those who hear of it, and is kept once. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class UnitStateTest {
  private static final UnitState RUNS =
      new UnitState(Map.of("ActiveState", "active", "MainPID", "7"));

  @Test
  void what_is_told_once_more_changes_nothing_and_takes_nothing() {
    assertSame(RUNS, RUNS.with(Map.of("MainPID", "7")));
    assertSame(RUNS, RUNS.with(Map.of()));
  }

  @Test
  void who_hears_all_that_another_has_heard_shares_it() {
    UnitState more = RUNS.with(Map.of("MainPID", "8", "Result", "success"));

    assertSame(more.properties(), RUNS.with(more.properties()).properties());
  }

  @Test
  void what_has_changed_replaces_what_was_and_the_rest_stays() {
    UnitState now = RUNS.with(Map.of("MainPID", "8", "Result", "success"));

    assertEquals(
        Map.of("ActiveState", "active", "MainPID", "8", "Result", "success"), now.properties());
    assertEquals("7", RUNS.text("MainPID"));
  }

  @Test
  void an_empty_property_is_not_one_that_is_not_known() {
    assertEquals(
        Map.of("StatusText", ""), UnitState.NONE.with(Map.of("StatusText", "")).properties());
  }
}
