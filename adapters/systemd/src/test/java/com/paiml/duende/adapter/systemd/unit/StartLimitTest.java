package com.paiml.duende.adapter.systemd.unit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.ExitMatch;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.ExitRules;
import com.paiml.duende.api.RestartPolicy;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** What systemd was seen to tell (252) when it had refused a start, and what comes close to it. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StartLimitTest {
  private static DaemonConfig.Builder config(RestartPolicy policy) {
    return DaemonConfig.builder("fly")
        .platform("systemd")
        .restartBy(RestartBy.PLATFORM)
        .restart(policy)
        .maxRetries(2)
        .exit(
            new ExitRules(
                List.of(ExitMatch.codes(0, 0)),
                List.of(ExitMatch.codes(64, 64)),
                0,
                Duration.ofMinutes(1)))
        .backoff(
            new Backoff(
                Duration.ofMillis(50), Duration.ofSeconds(1), 2, 0, Duration.ofMinutes(10)));
  }

  private static UnitState state(Map<String, String> changed) {
    Map<String, String> all =
        new HashMap<>(
            Map.of(
                "ActiveState", "failed",
                "Result", "exit-code",
                "NRestarts", "3",
                "ExecMainCode", "1",
                "ExecMainStatus", "3",
                "ExecMainExitTimestampMonotonic", "81216004230",
                "InactiveEnterTimestampMonotonic", "81216236938"));
    all.putAll(changed);
    return new UnitState(all);
  }

  private static ExitReason end(DaemonConfig config, Map<String, String> changed) {
    return Exits.of(state(changed), config, false);
  }

  @Test
  void a_start_that_systemd_has_counted_and_not_made_is_the_start_limit() {
    ExitReason end = end(config(RestartPolicy.MAX_RETRIES).build(), Map.of());
    assertTrue(
        assertInstanceOf(ExitReason.StartLimitHit.class, end)
            .detail()
            .startsWith("systemd starts it no more than 3 times within 600 s"),
        end::toString);
  }

  @Test
  void a_result_that_says_so_itself_is_believed() {
    assertInstanceOf(
        ExitReason.StartLimitHit.class,
        end(
            config(RestartPolicy.ALWAYS).build(),
            Map.of("Result", "start-limit-hit", "ExecMainStatus", "0")));
  }

  @Test
  void what_has_a_start_left_or_was_stopped_or_is_not_to_be_started_again_has_ended_as_it_did() {
    DaemonConfig counted = config(RestartPolicy.MAX_RETRIES).build();
    ExitReason.Failure three = new ExitReason.Failure(3, "");
    assertEquals(three, end(counted, Map.of("NRestarts", "2")));
    assertEquals(
        three,
        end(counted, Map.of("InactiveEnterTimestampMonotonic", "81216004900")),
        "no pause: somebody has stopped it");
    assertEquals(new ExitReason.Failure(64, ""), end(counted, Map.of("ExecMainStatus", "64")));
    assertEquals(three, end(counted, Map.of("ActiveState", "activating")));
    assertEquals(
        three,
        end(config(RestartPolicy.MAX_RETRIES).restartBy(RestartBy.MANAGER).build(), Map.of()));
  }

  @Test
  void the_limit_is_the_written_number_of_retries_or_the_tally_of_deaths() {
    assertEquals(
        Optional.of(new StartLimit(3, Duration.ofMinutes(10))),
        StartLimit.of(config(RestartPolicy.WITH_BACKOFF).build()));
    assertEquals(Optional.empty(), StartLimit.of(config(RestartPolicy.ON_FAILURE).build()));
    assertEquals(
        Optional.of(new StartLimit(3, Duration.ofMinutes(10))),
        StartLimit.of(config(RestartPolicy.ON_FAILURE).written(Set.of("max_retries")).build()));
    assertEquals(
        Optional.of(new StartLimit(4, Duration.ofSeconds(20))),
        StartLimit.of(
            config(RestartPolicy.ALWAYS)
                .exit(new ExitRules(List.of(), List.of(), 4, Duration.ofSeconds(20)))
                .build()));
    assertEquals(Optional.empty(), StartLimit.of(config(RestartPolicy.NEVER).build()));
  }
}
