package com.paiml.duende.policy.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.PolicyConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.Admission;
import com.paiml.duende.spi.Admission.Outcome;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DeskTest {
  private final AtomicLong now = new AtomicLong();
  private final Desk desk = new Desk(now::get);

  @Test
  void without_limits_everybody_is_admitted() {
    for (int i = 0; i < 10_000; i++) {
      assertEquals(Outcome.ADMITTED, desk.enter());
    }
    assertEquals(10_000, desk.inside());
  }

  @Test
  void a_full_queue_refuses_at_once_and_admits_again_when_drained() {
    desk.limit(0, 2);
    assertEquals(Outcome.ADMITTED, desk.enter());
    assertEquals(Outcome.ADMITTED, desk.enter());
    assertEquals(Outcome.QUEUE_FULL, desk.enter());
    desk.leave();
    assertEquals(Outcome.ADMITTED, desk.enter());
    desk.leave();
    desk.leave();
    assertEquals(0, desk.inside());
    assertThrows(IllegalStateException.class, desk::leave);
  }

  @Test
  void over_ten_seconds_the_accepted_rate_is_within_one_percent_of_the_limit() {
    for (double rate : new double[] {10, 100, 1234, 50_000}) {
      Desk d = new Desk(now::get);
      d.limit(rate, 0);
      int admitted = 0;
      long step = (long) (1e9 / rate / 3); // three times as many requests as allowed
      long end = now.get() + 10_000_000_000L;
      while (now.get() < end) {
        if (d.enter() == Outcome.ADMITTED) {
          admitted++;
          d.leave();
        }
        now.addAndGet(step);
      }
      assertEquals(rate * 10, admitted, rate * 10 / 100 + 1, rate + " per second");
    }
  }

  @Test
  void a_refused_request_leaves_no_trace_in_the_queue() {
    desk.limit(1, 5);
    assertEquals(Outcome.ADMITTED, desk.enter());
    assertEquals(Outcome.ADMITTED, desk.enter(), "one may come early");
    assertEquals(Outcome.RATE_LIMITED, desk.enter());
    assertEquals(2, desk.inside());
  }

  @Test
  void a_deployment_changes_the_limits_of_the_same_desk() {
    Desks desks = new Desks();
    Admission a = desks.of("web");
    DaemonConfig config =
        DaemonConfig.builder("web")
            .what(new What.JavaClass("com.example.Web", ""))
            .policy(new PolicyConfig(Optional.empty(), 0, 1))
            .build();
    assertTrue(desks.beforeDeploy(config).allowed());
    assertSame(a, desks.of("web"));
    assertEquals(Outcome.ADMITTED, a.enter());
    assertEquals(Outcome.QUEUE_FULL, a.enter());
    assertTrue(desks.beforeDeploy(config.toBuilder().policy(PolicyConfig.NONE).build()).allowed());
    assertEquals(Outcome.ADMITTED, a.enter());
  }

  @Test
  void limits_that_nobody_could_ask_for_are_refused_not_ignored() {
    DaemonConfig program =
        DaemonConfig.builder("web")
            .what(new What.Program("/bin/true"))
            .policy(new PolicyConfig(Optional.empty(), 10, 0))
            .build();
    assertFalse(new Desks().beforeDeploy(program).allowed());
  }
}
