package com.paiml.duende.metrics.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.metrics.Managed;
import com.paiml.duende.metrics.figure.Readings;
import com.paiml.duende.metrics.figure.Readings.Reading;
import com.paiml.duende.metrics.figure.Readings.Round;
import com.paiml.duende.spi.MetricsExport.Interval;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RedHistoryTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @Test
  void each_request_is_in_one_interval_and_percentiles_are_those_of_the_interval()
      throws Exception {
    Managed managed = new Managed();
    var own = managed.with("web");
    own.recordRequestNanos(1_000_000_000);
    try (Readings readings = new Readings();
        RedHistory history =
            new RedHistory(() -> Optional.of(managed.manager()), readings, Duration.ofMillis(50))) {
      assertEquals(List.of(), history.of("web"));
      Await.until("it records", PATIENCE, () -> !history.of("web").isEmpty());
      for (int i = 0; i < 100; i++) {
        own.recordRequestNanos(1_000_000);
      }
      own.recordError();
      Await.until(
          "the hundred are in it",
          PATIENCE,
          () -> history.of("web").stream().mapToLong(Interval::requests).sum() >= 100);
      List<Interval> all = history.of("web");
      assertEquals(100, all.stream().mapToLong(Interval::requests).sum());
      assertEquals(1, all.stream().mapToLong(Interval::errors).sum());
      for (Interval i : all) {
        assertTrue(i.max().toMillis() < 100, "what was before does not count: " + i);
      }
      assertTrue(all.stream().anyMatch(i -> i.rate() > 0));
    }
  }

  @Test
  void it_is_bounded_and_begins_anew_with_a_new_run() throws Exception {
    Managed managed = new Managed();
    managed.with("web").recordRequest();
    try (Readings readings = new Readings();
        RedHistory history =
            new RedHistory(() -> Optional.of(managed.manager()), readings, Duration.ofMillis(1))) {
      Await.until("it is full", PATIENCE, () -> history.of("web").size() == RedHistory.KEPT);
      managed.daemons.put("web", new com.paiml.duende.api.DaemonMetrics());
      managed.generation = 2;
      Await.until("it goes on", PATIENCE, () -> history.of("web").size() == RedHistory.KEPT);
      assertTrue(history.of("web").stream().allMatch(i -> i.requests() >= 0));
      managed.daemons.remove("web");
      Await.until("what is gone is forgotten", PATIENCE, () -> history.of("web").isEmpty());
    }
  }

  @Test
  void an_interval_is_as_long_as_it_was_whatever_the_clock_is_set_to() throws Exception {
    Managed managed = new Managed();
    var own = managed.with("web");
    Instant noon = Instant.parse("2026-11-27T12:00:00Z");
    try (Readings readings = new Readings();
        RedHistory history =
            new RedHistory(() -> Optional.of(managed.manager()), readings, Duration.ofHours(1))) {
      long nanoTime = 0;
      for (Instant time : List.of(noon, noon.minusSeconds(3600), noon.plusSeconds(3600))) {
        own.recordRequest();
        List<DaemonInfo> active = managed.infos();
        Reading reading =
            new Reading(active.getFirst(), Optional.empty(), Optional.of(own.snapshot()));
        history.take(new Round(Map.of("web", reading), 0), active, time, nanoTime);
        nanoTime += 5_000_000_000L;
      }
      assertEquals(
          List.of(Duration.ofSeconds(5), Duration.ofSeconds(5)),
          history.of("web").stream().map(Interval::length).toList());
    }
  }
}
