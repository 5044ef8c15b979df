package com.paiml.duende.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** With the bundle observe on the class path, a test sees the system calls of what it runs. */
@DuendeTest
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TracingTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static Subject opener(Duende duende) throws Exception {
    return duende
        .run(
            "opener",
            "/bin/sh",
            "-c",
            "echo up; while :; do read -r line </dev/null; sleep 0.01; done")
        .awaitLine("up");
  }

  /** Where nothing may be traced the tracer says why. */
  private static TraceSession trace(Subject subject, TraceOptions options) throws Exception {
    try {
      return subject.trace(options);
    } catch (DaemonException e) {
      return abort("nothing may be traced here: " + e.getMessage());
    }
  }

  @Test
  void system_calls_are_counted_with_their_time(Duende duende) throws Exception {
    Subject opener = opener(duende);
    try (TraceSession session =
        trace(opener, new TraceOptions(Set.of(), TraceOptions.Detail.SUMS, 1))) {
      Await.until(
          "it opens files, and waits for its children",
          PATIENCE,
          () ->
              session.statistics().stream()
                      .anyMatch(s -> s.name().equals("openat") && s.count() > 5)
                  && session.statistics().stream()
                      .anyMatch(s -> s.name().equals("wait4") && s.totalNanos() > 0));
      assertTrue(!session.method().isBlank(), "how it is done is told");
    }
    assertEquals(0, opener.info().restarts());
  }

  @Test
  void one_call_is_told_with_its_result(Duende duende) throws Exception {
    Subject opener = opener(duende);
    try (TraceSession session =
        trace(opener, new TraceOptions(Set.of("openat"), TraceOptions.Detail.EVENTS, 1))) {
      Optional<SyscallEvent> opened =
          Await.value(
              PATIENCE,
              () -> {
                List<SyscallEvent> events = session.events(100, Deadline.after(PATIENCE));
                return events.stream()
                    .filter(e -> e.name().equals("openat") && e.result() >= 0)
                    .findFirst();
              });
      assertTrue(opened.isPresent(), "an openat that succeeded");
      assertTrue(opened.get().tookNanos() > 0, opened.get().toString());
    }
    opener.stop();
  }
}
