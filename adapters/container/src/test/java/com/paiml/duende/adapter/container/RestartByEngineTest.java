package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code restart_by = "platform"}: the engine starts again what has ended, and each time is told and counted. */
class RestartByEngineTest {
  @TempDir Path folder;

  private static DaemonConfig.Builder byEngine(DaemonConfig.Builder b, RestartPolicy policy) {
    return b.restart(policy)
        .restartBy(DaemonConfig.RestartBy.PLATFORM)
        .maxRetries(2)
        .written(Set.of("restart", "restart_by", "max_retries"));
  }

  private static ExitReason end(Bench bench, DaemonHandle handle) throws Exception {
    return bench
        .adapter
        .exit(handle)
        .toCompletableFuture()
        .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private static void awaitRestarts(RecordedEvents events, int wanted) throws Exception {
    Await.until(
        wanted + " restarts were told", Bench.PATIENCE, () -> events.restarts().size() >= wanted);
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman"})
  void given_a_daemon_that_is_killed_from_outside_then_the_engine_restarts_it_until_it_is_stopped(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      RecordedEvents events = new RecordedEvents();
      LaunchSpec spec =
          bench.shell(
              "again",
              "trap 'exit 0' TERM; while :; do sleep 0.1; done",
              b -> byEngine(b, RestartPolicy.ALWAYS));
      DaemonHandle first = bench.start(spec, events);
      assertTrue(
          ProcessHandle.of(first.pid().orElseThrow()).orElseThrow().destroyForcibly(),
          "it was there to be killed");
      awaitRestarts(events, 1);
      DaemonHandle second = events.restarts().getFirst();
      assertNotEquals(first.pid(), second.pid());
      assertEquals(new ExitReason.Signalled(9, false), end(bench, first));

      PlatformStatus status = bench.adapter.status(second, Bench.deadline());
      assertEquals(PlatformStatus.State.RUNNING, status.state());
      assertEquals("by " + bench.engineTitle(), status.details().get("restarted"));
      assertEquals("1", status.details().get("restarts by the engine"), status::toString);

      bench.adapter.stop(second, Signal.TERM, Duration.ofSeconds(30));
      assertEquals(new ExitReason.Graceful(), end(bench, second));
      assertEquals(1, events.restarts().size(), "what is stopped stays so");
      bench.adapter.destroy(second, Bench.deadline());
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }

  @Tag("long")
  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman"})
  void given_a_daemon_that_fails_time_and_again_when_the_engine_gives_up_then_that_is_its_end(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      RecordedEvents events = new RecordedEvents();
      DaemonHandle handle =
          bench.start(
              bench.shell(
                  "fails", "sleep 0.3; exit 3", b -> byEngine(b, RestartPolicy.MAX_RETRIES)),
              events);
      awaitRestarts(events, 2);
      assertEquals(ExitReason.ofCode(3), end(bench, handle));
      assertEquals(ExitReason.ofCode(3), end(bench, events.restarts().get(1)));
      assertEquals(2, events.restarts().size(), "as often as the daemon file says");
      bench.adapter.destroy(events.restarts().get(1), Bench.deadline());
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }

  @Tag("long")
  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman"})
  void given_a_daemon_that_duende_kills_then_the_engine_lets_it_lie(String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      RecordedEvents events = new RecordedEvents();
      DaemonHandle deaf =
          bench.start(
              bench.shell(
                  "deaf",
                  "trap '' TERM; while :; do sleep 0.1; done",
                  b -> byEngine(b, RestartPolicy.ALWAYS)),
              events);
      bench.adapter.stop(deaf, Signal.TERM, Duration.ofSeconds(1));
      assertEquals(new ExitReason.Signalled(9, false), end(bench, deaf));
      bench.adapter.destroy(deaf, Bench.deadline());

      DaemonHandle killed =
          bench.start(
              bench.shell(
                  "killed",
                  "trap '' TERM; while :; do sleep 0.1; done",
                  b -> byEngine(b, RestartPolicy.ALWAYS)),
              events);
      bench.adapter.kill(killed, Bench.deadline());
      assertEquals(new ExitReason.Signalled(9, false), end(bench, killed));
      bench.adapter.destroy(killed, Bench.deadline());
      assertTrue(events.restarts().isEmpty(), () -> events.restarts().toString());
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }

  @Test
  void given_containerd_which_restarts_nothing_then_that_is_refused_by_its_name() {
    DaemonConfig config =
        byEngine(
                DaemonConfig.builder("never")
                    .platform(ContainerTable.NAME)
                    .what(new What.Image("local/busybox", "/bin/sh"))
                    .tables(Map.of(ContainerTable.NAME, Map.of("engine", "containerd"))),
                RestartPolicy.ALWAYS)
            .build();
    ContainerAdapter adapter = new ContainerAdapter(Places.of(Map.of()));
    List<String> faults = adapter.check(config);
    adapter.deactivate();
    assertEquals(1, faults.size(), faults::toString);
    assertTrue(
        faults.getFirst().contains("restart_by") && faults.getFirst().contains("containerd"),
        faults::toString);
  }
}
