package com.paiml.duende.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ValuesTest {

  @Test
  void an_id_is_read_as_it_is_written() throws DaemonException {
    DaemonId id = DaemonId.random();
    assertEquals(id, DaemonId.parse(id.toString()));
    for (String bad : new String[] {"", "x", "1-2-3-4-5", id + " "}) {
      DaemonException e = assertThrows(DaemonException.class, () -> DaemonId.parse(bad));
      assertEquals(ErrorCode.CONFIGURATION, e.code());
    }
  }

  @Test
  void signals_are_known_by_name_and_number() {
    assertEquals(Optional.of(Signal.TERM), Signal.parse("SIGTERM"));
    assertEquals(Optional.of(Signal.TERM), Signal.parse("term"));
    assertEquals(Optional.of(Signal.USR1), Signal.parse("10"));
    assertEquals(Optional.empty(), Signal.parse("PIPE"));
    assertEquals(30, Signal.USR1.darwinNumber());
    assertEquals(9, Signal.values().length);
    assertTrue(Signal.QUIT.asksForShutdown());
    assertFalse(Signal.HUP.asksForShutdown());
  }

  @Test
  void an_error_says_what_is_wrong_with_what_and_what_to_do() {
    DaemonException e =
        new DaemonException(ErrorCode.NOT_FOUND, "web", "no such daemon", "see \"duende ps\"");
    assertEquals("web: no such daemon; see \"duende ps\"", e.getMessage());
    assertEquals(
        "no such daemon", new DaemonException(ErrorCode.IO, "", "no such daemon", "").getMessage());
    assertEquals(ErrorCode.ADAPTER_GONE, new AdapterGone("wos", "web").code());
    assertThrows(IllegalArgumentException.class, () -> new ErrorCode("Not A Code"));
  }

  @Test
  void a_fault_of_a_file_names_its_place() {
    ConfigFault f = new ConfigFault("web.toml", 3, 7, "restart", "unknown word", "write never");
    assertEquals("web.toml:3:7: restart: unknown word; write never", f.toString());
    assertEquals("web.toml: empty", new ConfigFault("web.toml", 0, 0, "", "empty", "").toString());
    assertEquals(List.of(f), new ConfigException(List.of(f)).faults());
  }

  @Test
  void exits_match_codes_ranges_and_signals() {
    assertTrue(ExitMatch.codes(64, 78).matches(ExitReason.ofCode(70)));
    assertFalse(ExitMatch.codes(64, 78).matches(ExitReason.ofCode(79)));
    assertTrue(ExitMatch.codes(0, 0).matches(new ExitReason.Graceful()));
    assertTrue(ExitMatch.signal(6).matches(new ExitReason.Signalled(6, true)));
    assertFalse(ExitMatch.signal(6).matches(ExitReason.ofCode(6)));
    assertFalse(ExitMatch.codes(0, 255).matches(new ExitReason.Lost("x")));
    assertThrows(IllegalArgumentException.class, () -> ExitMatch.codes(5, 4));
    assertThrows(IllegalArgumentException.class, () -> ExitMatch.codes(0, 256));
    assertThrows(IllegalArgumentException.class, () -> ExitMatch.signal(0));
  }

  @Test
  void every_exit_has_words_and_a_failure_that_it_amounts_to() {
    Map<ExitReason, String> words =
        Map.ofEntries(
            Map.entry(new ExitReason.Graceful(), "exit code 0"),
            Map.entry(new ExitReason.Failure(3, ""), "exit code 3"),
            Map.entry(new ExitReason.Failure(1, "boom"), "exit code 1 (boom)"),
            Map.entry(new ExitReason.Signalled(11, true), "killed by signal 11 (SIGSEGV)"),
            Map.entry(new ExitReason.ResourceExhausted("memory", ""), "out of memory"),
            Map.entry(
                new ExitReason.PolicyViolation("seccomp", "reboot"), "policy: seccomp: reboot"),
            Map.entry(
                new ExitReason.WatchdogTimeout(Duration.ofSeconds(1)),
                "unhealthy: no heartbeat for 1000 ms"),
            Map.entry(new ExitReason.HealthCheckFailed("404"), "unhealthy: 404"),
            Map.entry(
                new ExitReason.ReadinessTimeout(Duration.ofSeconds(2)), "not ready within 2000 ms"),
            Map.entry(new ExitReason.StartLimitHit("5 in 10 s"), "died too often: 5 in 10 s"),
            Map.entry(
                new ExitReason.Abandoned(Duration.ofSeconds(1)),
                "abandoned: did not return within 1000 ms"),
            Map.entry(new ExitReason.Lost("no such process"), "lost: no such process"),
            Map.entry(new ExitReason.HostLost("container"), "lost: host lost: container"),
            Map.entry(new ExitReason.Unknown(""), "unknown"));
    words.forEach(
        (exit, said) -> {
          assertFalse(exit.describe().isEmpty());
          assertEquals(said, FailureReason.of(exit).describe());
          assertEquals(exit instanceof ExitReason.Graceful, exit.isSuccess());
        });
    assertEquals("requires db, which failed", new FailureReason.DependencyFailed("db").describe());
    assertEquals("signal 11 (SIGSEGV), core dumped", new ExitReason.Signalled(11, true).describe());
    assertEquals("signal 34", new ExitReason.Signalled(34, false).describe());
  }

  @Test
  void health_has_a_score_of_0_to_5_and_named_checks() {
    assertThrows(IllegalArgumentException.class, () -> HealthStatus.healthy(6));
    HealthStatus h = HealthStatus.degraded(3, "slow").withCheck("db", true, "");
    assertEquals(2, h.checks().size());
    assertFalse(h.isHealthy());
    assertEquals(Duration.ofMillis(4), h.withLatency(Duration.ofMillis(4)).latency());
    assertEquals(HealthStatus.State.UNHEALTHY, HealthStatus.unhealthy("x").state());
    assertTrue(HealthStatus.healthy(5).isHealthy());
  }

  @Test
  void a_configuration_has_the_defaults_owed() {
    DaemonConfig c = DaemonConfig.builder("web").build();
    assertEquals("0.1.0", c.version());
    assertEquals("native", c.platform());
    assertEquals(Duration.ofSeconds(30), c.shutdownTimeout());
    assertEquals(RestartPolicy.ON_FAILURE, c.restart());
    assertEquals(10, c.maxRetries());
    assertEquals(512L << 20, c.resources().memory());
    assertEquals(1L << 30, c.resources().memorySwap());
    assertEquals(100.0, c.resources().cpuQuota());
    assertEquals(1024, c.resources().cpuShares());
    assertEquals(100, c.resources().pids());
    assertEquals(1024, c.resources().openFiles());
    assertEquals(Duration.ofSeconds(30), c.healthCheck().interval());
    assertEquals(Duration.ofSeconds(10), c.healthCheck().timeout());
    assertEquals(3, c.healthCheck().retries());
    assertEquals(Duration.ofSeconds(1), c.backoff().initial());
    assertEquals(Duration.ofMinutes(5), c.backoff().max());
    assertEquals(2.0, c.backoff().multiplier());
    assertEquals("on-failure", c.restart().word());
    assertEquals("none", c.readiness().type().word());
    assertEquals("daemon", c.healthCheck().type().word());
  }

  @Test
  void a_builder_changes_every_component_and_nothing_else() {
    DaemonConfig c =
        DaemonConfig.builder("a")
            .what(new What.JavaClass("com.example.A", ""))
            .env(List.of("A=1", "B=2", "A=3"))
            .tables(Map.of("native", Map.of("process", true)))
            .written(Set.of("env"))
            .build();
    assertEquals(c, c.toBuilder().build());
    assertEquals(Optional.of("3"), c.env("A"));
    assertEquals(Optional.empty(), c.env("C"));
    assertTrue(c.isWritten("env"));
    assertEquals(Map.of("process", true), c.table("native"));
    assertEquals(Map.of(), c.table("systemd"));
    assertInstanceOf(What.JavaClass.class, c.what());
    assertEquals("b", c.toBuilder().name("b").build().name());
  }
}
