package com.paiml.duende.adapter.systemd.unit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.api.Backoff;
import java.time.Duration;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** {@code RestartSteps=}: how many pauses it takes from the first to the longest. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BackoffStepsTest {
  private static int steps(long initial, long max, double multiplier) {
    return UnitSettings.steps(
        new Backoff(
            Duration.ofSeconds(initial),
            Duration.ofSeconds(max),
            multiplier,
            0,
            Duration.ofMinutes(1)));
  }

  @Test
  void there_are_as_many_as_the_multiplier_takes() {
    assertEquals(6, steps(1, 64, 2));
    assertEquals(9, steps(1, 300, 2));
    assertEquals(1, steps(1, 2, 8));
  }

  @Test
  void pauses_that_do_not_grow_have_none() {
    assertEquals(0, steps(5, 5, 2));
    assertEquals(0, steps(1, 300, 1));
    assertEquals(0, steps(0, 300, 2));
  }
}
