package com.paiml.duende.observe.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LimitsTest {
  private static final long MIB = 1 << 20;

  /** A hundred usual readings of memory, then one that is so far away. */
  private static List<String> alerts(double sigma, long away) {
    Track track = new Track("one", 1L << 34, sigma);
    List<String> told = new ArrayList<>();
    for (int i = 0; i <= 100; i++) {
      track.row[2] = 200 * MIB + (i % 2 == 0 ? 8 : -8) * MIB + (i == 100 ? away : 0);
      track.limits.check(track, 0, (kind, detail) -> told.add(kind));
    }
    return told;
  }

  @Test
  void a_lower_threshold_tells_of_what_a_higher_one_takes_as_usual() {
    assertEquals(List.of(), alerts(5, 30 * MIB));
    assertEquals(List.of("anomaly"), alerts(2, 30 * MIB));
    assertTrue(alerts(5, 90 * MIB).contains("anomaly"));
  }
}
