package com.paiml.duende.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.What;
import com.paiml.duende.examples.counter.Counter;
import com.paiml.duende.testkit.daemon.SimulatedClock;
import com.paiml.duende.testkit.daemon.TestContext;
import com.paiml.duende.testkit.daemon.TestLife;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@DuendeTest
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DuendeHarnessTest {
  @Test
  void a_program_is_started_again_after_its_death(Duende duende) throws Exception {
    Subject sleeper = duende.run("sleeper", "/bin/sleep", "600");
    long before = sleeper.info().pid().orElseThrow();
    sleeper.signal(Signal.KILL).awaitRestarts(1);
    assertFalse(sleeper.info().pid().orElseThrow() == before);
  }

  @Test
  void a_daemon_object_is_asked_for_health_and_figures_and_stopped(Duende duende) throws Exception {
    Subject counter = duende.run(new Counter()).awaitLine("Counter: 1");
    assertEquals(HealthStatus.State.HEALTHY, counter.health().state());
    assertTrue(counter.metrics().orElseThrow().requests() >= 1);
    counter.stop();
    assertEquals(new ExitReason.Graceful(), counter.awaitExit());
    counter.awaitLine("Shutting down");
  }

  @Test
  void a_daemon_file_is_what_is_deployed(Duende duende) throws Exception {
    Subject done =
        duende.deployFile(
            """
            name = "once"
            binary_path = "/bin/sh"
            args = ["-c", "echo done"]
            restart = "never"
            """);
    done.awaitLine("done");
    assertEquals(new ExitReason.Graceful(), done.awaitExit());
  }

  @Test
  void what_fails_is_told_with_its_log(Duende duende) throws Exception {
    Subject bad =
        duende.deploy(
            DaemonConfig.builder("bad")
                .what(new What.Program("/bin/sh"))
                .args(List.of("-c", "echo no luck; exit 3"))
                .restart(com.paiml.duende.api.RestartPolicy.NEVER)
                .build());
    bad.awaitState(DaemonStatus.State.FAILED);
    AssertionError told = assertThrows(AssertionError.class, bad::awaitRunning);
    assertTrue(told.getMessage().contains("no luck"), told.getMessage());
  }

  @Test
  void nothing_is_left_of_a_container() throws Exception {
    Duende duende = Duende.start("native");
    Path folder = duende.folder();
    Subject sleeper = duende.run("sleeper", "/bin/sleep", "600");
    long pid = sleeper.info().pid().orElseThrow();
    duende.close();
    assertFalse(ProcessHandle.of(pid).isPresent(), "the program is gone");
    assertFalse(Files.exists(folder), "the folder is gone");
  }

  @Test
  void an_hour_of_a_daemon_passes_at_once_in_simulated_time(@TempDir Path state) throws Exception {
    SimulatedClock clock = new SimulatedClock();
    TestContext context = new TestContext(DaemonConfig.builder("counter").build(), clock, state);
    try (TestLife life = TestLife.begin(new Counter(), context, clock)) {
      life.pass(Duration.ofSeconds(1), 3600);
      assertEquals(3601, context.lines().size());
      assertEquals(new ExitReason.Graceful(), life.shutDown());
      assertEquals("Shutting down with final count: 3601", context.lines().getLast());
    }
  }
}
