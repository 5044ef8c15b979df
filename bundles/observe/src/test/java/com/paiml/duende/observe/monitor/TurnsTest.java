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

  private long now;

  private Turns turns(double inASecond) {
    return turns(inASecond, Duration.ZERO);
  }

  private Turns turns(double inASecond, Duration rested) {
    return new Turns(new Turns.Pace(inASecond, Duration.ofHours(1), inASecond, rested), BEAT, now);
  }

  private void rounds(Turns turns, List<Track> all, boolean everybody, int rounds) {
    for (int i = 0; i < rounds; i++) {
      now += BEAT.toNanos();
      turns.take(all, everybody, now, t -> had.merge(t.name, 1, Integer::sum));
    }
  }

  @Test
  void of_few_all_have_their_turn_in_every_round() {
    rounds(turns(10), idle(5), false, 8);
    assertEquals(5, had.size());
    had.values().forEach(n -> assertEquals(8, n));
  }

  @Test
  void of_many_that_do_nothing_all_have_it_together_and_so_many_a_second() {
    Turns turns = turns(10);
    List<Track> all = idle(50);
    rounds(turns, all, false, 9);
    assertEquals(0, had.size());
    rounds(turns, all, false, 1);
    assertEquals(50, had.size());
    rounds(turns, all, false, 10);
    had.values().forEach(n -> assertEquals(2, n));
  }

  @Test
  void each_has_it_after_some_time_as_long_as_that_is_not_more_than_so_many_a_second() {
    Turns.Pace pace = new Turns.Pace(5, Duration.ofSeconds(40), 25, Duration.ofMinutes(1));
    assertEquals(Duration.ofSeconds(4).toNanos(), pace.pause(20, 0));
    assertEquals(Duration.ofSeconds(40).toNanos(), pace.pause(200, 0));
    assertEquals(Duration.ofSeconds(40).toNanos(), pace.pause(1000, 0));
    assertEquals(Duration.ofSeconds(80).toNanos(), pace.pause(2000, 0));
    assertEquals(Duration.ofSeconds(16).toNanos(), pace.pause(20, 2));
    assertEquals(Duration.ofSeconds(60).toNanos(), pace.pause(200, 1));
    assertEquals(Duration.ofSeconds(60).toNanos(), pace.pause(200, 2000));
    assertEquals(Duration.ofSeconds(80).toNanos(), pace.pause(2000, 1));
  }

  @Test
  void who_does_something_has_it_in_every_round() {
    List<Track> all = idle(50);
    all.add(track("new"));
    rounds(turns(10), all, false, 20);
    assertEquals(20, had.get("new"));
  }

  @Test
  void while_somebody_watches_everybody_has_it() {
    rounds(turns(10), idle(50), true, 3);
    assertEquals(50, had.size());
    had.values().forEach(n -> assertEquals(3, n));
  }

  @Test
  void while_all_of_many_are_idle_there_is_nothing_to_do_until_their_turn() {
    Turns turns = turns(10);
    List<Track> all = idle(50);
    assertEquals(Duration.ofSeconds(5).toNanos(), turns.wait(all, false, now));
    rounds(turns, all, false, 4);
    assertEquals(Duration.ofSeconds(3).toNanos(), turns.wait(all, false, now));
    rounds(turns, all, false, 6);
    assertEquals(Duration.ofSeconds(5).toNanos(), turns.wait(all, false, now));
    assertEquals(0, turns.wait(all, true, now));
    all.add(track("new"));
    assertEquals(0, turns.wait(all, false, now));
  }

  @Test
  void of_few_the_next_round_is_waited_for_and_of_none_nothing() {
    assertEquals(0, turns(10).wait(idle(5), false, now));
    assertEquals(Long.MAX_VALUE, turns(10).wait(List.of(), false, now));
  }

  /** Turns of all of them in so many seconds. */
  private int turnsOfAll(Turns turns, List<Track> all, int seconds) {
    had.clear();
    rounds(turns, all, false, 2 * seconds);
    return had.getOrDefault("idle-49", 0);
  }

  @Test
  void the_longer_all_rest_the_more_seldom_they_have_it_until_one_wakes_or_another_comes() {
    Turns turns = turns(10, Duration.ofSeconds(40));
    List<Track> all = idle(50);
    assertEquals(1, turnsOfAll(turns, all, 5));
    assertEquals(1, turnsOfAll(turns, all, 5), "they rest since their first turn");
    assertEquals(1, turnsOfAll(turns, all, 10));
    assertEquals(1, turnsOfAll(turns, all, 20));
    assertEquals(1, turnsOfAll(turns, all, 40));
    assertEquals(2, turnsOfAll(turns, all, 80));
    assertEquals(Duration.ofSeconds(40).toNanos(), turns.wait(all, false, now));

    Track woken = all.getFirst();
    woken.take(new UsageSample(Instant.now(), 8, 4096, 1, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0), 3);
    assertEquals(0, turns.wait(all, false, now));
    assertEquals(1, turnsOfAll(turns, all, 5), "as at the beginning");
    woken.take(new UsageSample(Instant.now(), 8, 4096, 1, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0), 4);
    assertEquals(1, turnsOfAll(turns, all, 5), "it rests again");
    assertEquals(3, turnsOfAll(turns, all, 35));

    all.add(idle("comes"));
    assertEquals(1, turnsOfAll(turns, all, 6), "another one has come to rest");
  }

  @Test
  void one_that_is_busy_all_the_time_does_not_keep_the_others_awake() {
    Turns turns = turns(10, Duration.ofSeconds(40));
    List<Track> all = idle(49);
    all.add(idle("idle-49"));
    all.set(0, track("busy"));
    rounds(turns, all, false, 160);
    assertEquals(1, turnsOfAll(turns, all, 40));
    assertEquals(80, had.get("busy"));
  }
}
