package com.paiml.duende.support.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LogBooksTest {
  @Test
  void given_many_logs_that_rest_when_they_are_looked_at_at_any_time_then_they_fall_due_together() {
    Random random = new Random(7);
    long interval = 2_000_000_000L;
    long now = -5_000_000_000L;
    LongStream anywhere = random.longs(1000, now, now + interval);
    long[] due = anywhere.map(at -> LogBooks.nextBeat(at, interval)).distinct().toArray();
    assertTrue(due.length <= 2, due.length + " times to wake");
    for (long each : due) {
      assertEquals(0, each % interval);
      assertTrue(each > now && each <= now + 2 * interval);
    }
  }
}
