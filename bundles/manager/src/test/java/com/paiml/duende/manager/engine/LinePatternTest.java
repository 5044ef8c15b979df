package com.paiml.duende.manager.engine;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LinePatternTest {
  /** The tenth power of the line's length. */
  private static final String FOR_EVER = "(a*)".repeat(10) + "b";

  @Test
  void it_is_found_anywhere_in_a_line() {
    LinePattern pattern = new LinePattern("port [0-9]+$", () -> false);

    assertTrue(pattern.isIn("12:00 listening on port 80"));
    assertFalse(pattern.isIn("12:00 listening on port 80."));
  }

  @Test
  void a_search_that_would_never_end_ends_when_nobody_wants_to_know_any_more() {
    AtomicBoolean ended = new AtomicBoolean();
    AtomicLong looks = new AtomicLong();
    LinePattern pattern =
        new LinePattern(
            FOR_EVER,
            () -> {
              long _ = looks.incrementAndGet();
              return ended.get();
            });

    assertTimeoutPreemptively(
        Duration.ofMinutes(1),
        () -> {
          CompletableFuture<Boolean> found =
              CompletableFuture.supplyAsync(() -> pattern.isIn("a".repeat(80) + "!"));
          while (looks.get() < 1_000_000) {
            assertFalse(found.isDone(), "this one ends by itself");
            Thread.onSpinWait();
          }
          ended.set(true);
          assertFalse(found.get(50, TimeUnit.SECONDS));
        });
  }

  @Test
  void a_line_that_needs_more_stack_than_there_is_does_not_match() {
    assertFalse(new LinePattern("(a|b)*c$", () -> false).isIn("ab".repeat(500_000)));
  }
}
