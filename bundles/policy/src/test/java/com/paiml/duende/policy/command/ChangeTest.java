package com.paiml.duende.policy.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.PolicyConfig;
import com.paiml.duende.policy.breaker.BreakerFactory;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChangeTest {
  private final BreakerFactory factory = new BreakerFactory();

  private PolicyConfig after(PolicyConfig before, String... changes) throws DaemonException {
    PolicyConfig now = before;
    for (String change : changes) {
      now = Change.apply(now, change, factory);
    }
    return now;
  }

  @Test
  void each_key_changes_its_own_value_and_no_other() throws Exception {
    assertEquals(
        new PolicyConfig(
            Optional.of(new PolicyConfig.Breaker(2, Duration.ofSeconds(7), 4, 6)), 12.5, 9),
        after(
            PolicyConfig.NONE,
            "breaker.failures=2",
            "breaker.timeout=7s",
            "breaker.successes=4",
            "breaker.half_open=6",
            "rate_limit=12.5",
            "queue=9"));
  }

  @Test
  void a_breaker_is_switched_on_with_its_defaults_and_off() throws Exception {
    PolicyConfig on = after(PolicyConfig.NONE, "breaker=on");
    assertEquals(Optional.of(PolicyConfig.Breaker.DEFAULT), on.breaker());
    assertEquals(PolicyConfig.NONE, after(on, "breaker=off"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "breaker",
        "=1",
        "breaker=maybe",
        "breaker.failures=0",
        "breaker.failures=-1",
        "breaker.half_open=1001",
        "breaker.timeout=soon",
        "breaker.timeout=0s",
        "breaker.timeout=400d",
        "rate_limit=1e999",
        "rate_limit=NaN",
        "queue=1.5",
        "colour=red"
      })
  void what_makes_no_sense_is_a_usage_error(String change) {
    DaemonException refused =
        assertThrows(DaemonException.class, () -> after(PolicyConfig.NONE, change));
    assertEquals("usage", refused.code().value());
  }
}
