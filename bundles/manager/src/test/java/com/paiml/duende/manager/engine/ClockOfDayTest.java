package com.paiml.duende.manager.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.manager.engine.ClockOfDay.Moment;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ClockOfDayTest {
  private static final Instant NOON = Instant.parse("2026-11-27T12:00:00.123456789Z");

  private Instant day = NOON;
  private long steady = 5_000;
  private long up = 7_000;
  private final ClockOfDay clock = new ClockOfDay(() -> day, () -> steady, () -> up);

  private void pass(Duration time) {
    day = day.plus(time);
    steady += time.toMillis();
    up += time.toMillis();
  }

  private Duration age(Moment moment) {
    return Duration.between(clock.tell(moment), day);
  }

  @Test
  void aTimeIsToldAsItWasNotedWhileNobodySetsTheClock() {
    Moment noon = clock.now();
    pass(Duration.ofDays(3));
    assertEquals(NOON, clock.tell(noon));
    day = day.plusMillis(1500);
    assertEquals(NOON, clock.tell(noon), "a leap second is no setting");
  }

  @Test
  void whatWasNotedBeforeStaysAsLongAgoAsItIs() {
    for (Duration step : new Duration[] {Duration.ofHours(-1), Duration.ofHours(2)}) {
      Moment before = clock.now();
      pass(Duration.ofMinutes(5));
      day = day.plus(step);
      Moment after = clock.now();
      pass(Duration.ofMinutes(1));
      assertEquals(Duration.ofMinutes(6), age(before), step.toString());
      assertEquals(Duration.ofMinutes(1), age(after), step.toString());
      assertEquals(after.at(), clock.tell(after));
      assertEquals(clock.tell(before), clock.tell(before), "it does not waver");
    }
  }

  @Test
  void itIsToldTheSameWhenTheClockIsSteeredAfterIt() {
    Moment before = clock.now();
    day = day.plusSeconds(3600);
    Instant told = clock.tell(before);
    day = day.plusMillis(700);
    assertEquals(told, clock.tell(before));
  }

  @Test
  void aTimeOfAnotherContainerIsTakenAsTheClockIsNow() {
    Moment then = clock.noted(NOON.minusSeconds(60));
    pass(Duration.ofMinutes(1));
    day = day.minusSeconds(3600);
    assertEquals(Duration.ofMinutes(2), age(then));
  }

  @Test
  void sleepOfTheMachineIsNoSettingOfItsClock() {
    Moment before = clock.now();
    day = day.plusSeconds(8 * 3600);
    up += 8 * 3_600_000;
    assertEquals(NOON, clock.tell(before));
  }

  @Test
  void whereNobodyKnowsWhetherItSleptTheTimeStands() {
    ClockOfDay other = new ClockOfDay(() -> day, () -> steady, () -> -1);
    Moment before = other.now();
    day = day.minusSeconds(3600);
    assertEquals(NOON, other.tell(before));
  }

  @Test
  void whoIsHeldUpBetweenTwoReadingsReadsAgain() {
    AtomicInteger readings = new AtomicInteger();
    ClockOfDay held =
        new ClockOfDay(
            () -> {
              if (readings.incrementAndGet() == 4) {
                Instant read = day;
                pass(Duration.ofSeconds(10));
                return read;
              }
              return day;
            },
            () -> steady,
            () -> up);
    Moment noon = held.now();
    assertEquals(NOON, held.tell(noon));
    assertEquals(NOON, held.tell(noon));
    assertTrue(readings.get() > 4, "it was held up");
  }

  @Test
  void thisMachineHasAClock() {
    ClockOfDay real = new ClockOfDay();
    Moment now = real.now();
    assertEquals(now.at(), real.tell(now));
  }
}
