package com.paiml.duende.observe.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.spi.UsageSample;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TurnsTest {
  private static final Duration BEAT = Duration.ofMillis(500);
  private final Map<String, Integer> had = new HashMap<>();

  private static Track track(String name) {
    Track track = new Track(name, 1 << 30, Limits.UNUSUAL);
    track.begin(1);
    return track;
  }

  private static Track idle(String name) {
    Track track = track(name);
    for (int i = 1; i <= 2; i++) {
      track.take(new UsageSample(Instant.now(), 7, 4096, 1, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0), i);
    }
    return track;
  }

  private static List<Track> idle(int count) {
    List<Track> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(idle("idle-" + i));
    }
    return all;
  }

  private void rounds(Turns turns, List<Track> all, boolean everybody, int rounds) {
    for (int i = 0; i < rounds; i++) {
      turns.take(all, everybody, t -> had.merge(t.name, 1, Integer::sum));
    }
  }

  @Test
  void of_few_all_have_their_turn_in_every_round() {
    rounds(new Turns(10, BEAT, Duration.ZERO), idle(5), false, 8);
    assertEquals(5, had.size());
    had.values().forEach(n -> assertEquals(8, n));
  }

  @Test
  void of_many_that_do_nothing_so_many_a_second_have_it_and_all_as_often() {
    rounds(new Turns(10, BEAT, Duration.ZERO), idle(50), false, 20);
    assertEquals(50, had.size());
    had.values().forEach(n -> assertEquals(2, n));
  }

  @Test
  void several_rounds_of_the_idle_have_it_together() {
    Turns turns = new Turns(10, BEAT, Duration.ofSeconds(4));
    List<Track> all = idle(50);
    rounds(turns, all, false, 7);
    assertEquals(0, had.size());
    rounds(turns, all, false, 1);
    assertEquals(40, had.size());
    rounds(turns, all, false, 32);
    assertEquals(50, had.size());
    had.values().forEach(n -> assertEquals(4, n));
  }

  @Test
  void where_they_are_fewer_than_would_have_it_together_they_wait_less() {
    rounds(new Turns(10, BEAT, Duration.ofSeconds(4)), idle(20), false, 4);
    assertEquals(20, had.size());
    had.values().forEach(n -> assertEquals(1, n));
  }

  @Test
  void at_a_quick_beat_some_rounds_have_none() {
    rounds(new Turns(1, Duration.ofMillis(50), Duration.ZERO), idle(4), false, 85);
    assertEquals(4, had.values().stream().mapToInt(Integer::intValue).sum());
  }

  @Test
  void who_does_something_has_it_in_every_round() {
    List<Track> all = idle(50);
    all.add(track("new"));
    rounds(new Turns(10, BEAT, Duration.ZERO), all, false, 20);
    assertEquals(20, had.get("new"));
  }

  @Test
  void while_somebody_watches_everybody_has_it() {
    rounds(new Turns(10, BEAT, Duration.ZERO), idle(50), true, 3);
    assertEquals(50, had.size());
    had.values().forEach(n -> assertEquals(3, n));
  }
}
