package com.paiml.duende.policy.breaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.Depends;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.PolicyConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.spi.CircuitBreaker;
import com.paiml.duende.spi.PolicyEngine;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RestartBreakersTest {
  private final AtomicLong now = new AtomicLong();
  private final RestartBreakers engine = new RestartBreakers(now::get);
  private final List<String> alerts = new ArrayList<>();
  private final PolicyEngine.Actions actions =
      new PolicyEngine.Actions() {
        @Override
        public void halt(String name, String detail) {}

        @Override
        public void updateLimits(String name, Resources resources) {}

        @Override
        public void alert(String name, String kind, String detail) {
          alerts.add(name + " " + kind + " " + detail);
        }
      };
  private final DaemonConfig db =
      DaemonConfig.builder("db")
          .policy(new PolicyConfig(Optional.of(PolicyConfig.Breaker.DEFAULT), 0, 0))
          .build();
  private final DaemonConfig web =
      DaemonConfig.builder("web")
          .depends(new Depends(List.of(), List.of("db"), List.of(), ""))
          .build();

  private void runs(Duration time, ExitReason end) {
    assertTrue(engine.beforeStart(db, 0).allowed());
    now.addAndGet(time.toNanos());
    var source = new DaemonEvent.Source("db", DaemonId.random(), Instant.EPOCH, 1);
    engine.onEvent(new DaemonEvent.Exited(source, end), actions);
  }

  private void crashes(int times) {
    for (int i = 0; i < times; i++) {
      runs(Duration.ofSeconds(1), ExitReason.ofCode(1));
    }
  }

  @Test
  void five_early_deaths_keep_it_and_what_requires_it_from_starting() {
    crashes(5);
    PolicyEngine.Verdict verdict = engine.beforeStart(db, 5);
    assertFalse(verdict.allowed());
    assertEquals(Duration.ofSeconds(30), verdict.retryAfter());
    assertEquals("its circuit breaker is open", verdict.reason());
    assertFalse(engine.beforeStart(web, 0).allowed());
    assertEquals(1, alerts.size());
    assertEquals(CircuitBreaker.State.OPEN, engine.breakers().get("db").state());
  }

  @Test
  void a_run_that_lasts_is_a_success_for_each_timeout_that_it_lasted() {
    crashes(5);
    now.addAndGet(Duration.ofSeconds(30).toNanos());
    runs(Duration.ofSeconds(95), ExitReason.ofCode(1));
    assertEquals(CircuitBreaker.State.CLOSED, engine.breakers().get("db").state());
    crashes(4);
    assertEquals(CircuitBreaker.State.CLOSED, engine.breakers().get("db").state());
  }

  @Test
  void a_daemon_without_a_breaker_starts_as_often_as_it_likes() {
    for (int i = 0; i < 100; i++) {
      assertTrue(engine.beforeStart(web, i).allowed());
    }
    assertTrue(engine.breakers().isEmpty());
  }

  @Test
  void a_changed_breaker_is_in_force_at_once_and_a_removed_daemon_has_none() {
    crashes(5);
    DaemonConfig changed =
        db.toBuilder()
            .policy(
                new PolicyConfig(
                    Optional.of(new PolicyConfig.Breaker(2, Duration.ofSeconds(1), 1, 1)), 0, 0))
            .build();
    assertTrue(engine.beforeDeploy(changed).allowed());
    assertTrue(engine.beforeStart(changed, 0).allowed());
    engine.onEvent(
        new DaemonEvent.Removed(new DaemonEvent.Source("db", DaemonId.random(), Instant.EPOCH, 1)),
        actions);
    assertTrue(engine.breakers().isEmpty());
  }

  @Test
  void a_breaker_that_is_changed_while_the_daemon_runs_judges_how_that_run_ends() {
    assertTrue(engine.beforeStart(db, 0).allowed());
    now.addAndGet(Duration.ofSeconds(1).toNanos());
    DaemonConfig changed =
        db.toBuilder()
            .policy(
                new PolicyConfig(
                    Optional.of(new PolicyConfig.Breaker(1, Duration.ofMinutes(1), 1, 1)), 0, 0))
            .build();
    assertTrue(engine.beforeDeploy(changed).allowed());
    now.addAndGet(Duration.ofSeconds(1).toNanos());
    var source = new DaemonEvent.Source("db", DaemonId.random(), Instant.EPOCH, 1);
    engine.onEvent(new DaemonEvent.Exited(source, ExitReason.ofCode(1)), actions);
    assertEquals(CircuitBreaker.State.OPEN, engine.breakers().get("db").state());
  }
}
