package com.paiml.duende.policy.jidoka;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.spi.JidokaCheck;
import com.paiml.duende.spi.PolicyEngine;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class JidokaGateTest {
  private final JidokaGate gate = new JidokaGate();
  private final LinkedBlockingQueue<String> halted = new LinkedBlockingQueue<>();
  private final PolicyEngine.Actions actions =
      new PolicyEngine.Actions() {
        @Override
        public void halt(String name, String detail) {
          halted.add(name + ": " + detail);
        }

        @Override
        public void updateLimits(String name, Resources resources) {}

        @Override
        public void alert(String name, String kind, String detail) {}
      };

  @AfterEach
  void close() {
    gate.deactivate();
  }

  private static JidokaCheck check(JidokaCheck.Kind kind, Callable<JidokaCheck.Result> looks) {
    return new JidokaCheck() {
      @Override
      public String name() {
        return "sum";
      }

      @Override
      public Kind kind() {
        return kind;
      }

      @Override
      public Result check(String daemon) throws Exception {
        return looks.call();
      }
    };
  }

  private static DaemonEvent.Source source(String name) {
    return new DaemonEvent.Source(name, DaemonId.random(), Instant.EPOCH, 1);
  }

  private void running(String name) {
    gate.onEvent(
        new DaemonEvent.StateChanged(source(name), DaemonStatus.STARTING, DaemonStatus.RUNNING),
        actions);
  }

  private String nextHalt() throws InterruptedException {
    String h = halted.poll(30, TimeUnit.SECONDS);
    assertTrue(h != null, "nothing was halted");
    return h;
  }

  @Test
  void a_violated_invariant_stops_the_running_daemon_with_evidence_and_recommendation()
      throws Exception {
    gate.add(
        check(
            JidokaCheck.Kind.INVARIANT,
            () -> JidokaCheck.Result.violated("debits 3, credits 4", "look at the last batch")),
        Map.of(JidokaCheck.DAEMON, "ledger"));
    running("web");
    running("ledger");
    assertEquals(
        "ledger: invariant \"sum\" violated: debits 3, credits 4; look at the last batch",
        nextHalt());
  }

  @Test
  void a_violated_precondition_forbids_the_start() {
    JidokaCheck c =
        check(JidokaCheck.Kind.PRECONDITION, () -> JidokaCheck.Result.violated("no disk", ""));
    gate.add(c, Map.of());
    PolicyEngine.Verdict v = gate.beforeStart(DaemonConfig.builder("web").build(), 0);
    assertFalse(v.allowed());
    assertEquals("precondition \"sum\" violated: no disk", v.reason());
    gate.remove(c);
    assertTrue(gate.beforeStart(DaemonConfig.builder("web").build(), 0).allowed());
  }

  @Test
  void what_is_left_after_an_exit_stops_the_next_start() throws Exception {
    gate.add(
        check(JidokaCheck.Kind.RESOURCE_LEAK, () -> JidokaCheck.Result.violated("2 sockets", "")),
        Map.of());
    gate.onEvent(new DaemonEvent.Exited(source("web"), ExitReason.ofCode(1)), actions);
    assertEquals("web: resource leak \"sum\" violated: 2 sockets", nextHalt());
  }

  @Test
  void a_check_that_throws_or_hangs_is_a_violation_and_holds_up_nobody() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    gate.add(
        check(
            JidokaCheck.Kind.INVARIANT,
            () -> {
              never.await();
              return JidokaCheck.Result.PASSED;
            }),
        Map.of(JidokaCheck.DAEMON, "hangs"));
    gate.add(
        check(
            JidokaCheck.Kind.INVARIANT,
            () -> {
              throw new IllegalStateException("broken");
            }),
        Map.of(JidokaCheck.DAEMON, "throws"));
    running("hangs");
    assertTrue(nextHalt().contains("did not answer within 1000 ms"));
    gate.onEvent(new DaemonEvent.Removed(source("hangs")), actions);
    running("throws");
    String h = nextHalt();
    while (!h.startsWith("throws")) {
      h = nextHalt();
    }
    assertTrue(h.contains("broken"), h);
    never.countDown();
  }

  @Test
  void without_a_check_it_does_not_look_at_anything_now_and_then() {
    assertFalse(gate.isPatrolling());
    JidokaCheck one = check(JidokaCheck.Kind.INVARIANT, () -> JidokaCheck.Result.PASSED);
    JidokaCheck two = check(JidokaCheck.Kind.INVARIANT, () -> JidokaCheck.Result.PASSED);
    gate.add(one, Map.of());
    gate.add(two, Map.of());
    gate.remove(one);
    assertTrue(gate.isPatrolling());
    gate.remove(two);
    assertFalse(gate.isPatrolling());
    gate.add(one, Map.of());
    assertTrue(gate.isPatrolling());
  }
}
