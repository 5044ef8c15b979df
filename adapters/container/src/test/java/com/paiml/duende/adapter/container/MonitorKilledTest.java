package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What stands between an engine and a container, conmon or a shim, is killed, as for want of memory: the engine may never hear of the end. */
@Tag("long")
class MonitorKilledTest {
  private static final String SLEEPS = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

  @TempDir Path folder;

  private static ProcessHandle process(DaemonHandle handle) {
    return ProcessHandle.of(handle.pid().orElseThrow()).orElseThrow();
  }

  private static void killMonitor(ProcessHandle process) {
    ProcessHandle monitor = process.parent().orElseThrow();
    String program = monitor.info().command().orElse("");
    assertTrue(program.contains("conmon") || program.contains("shim"), program);
    assertTrue(monitor.destroyForcibly());
  }

  private static ExitReason end(Bench bench, DaemonHandle handle) throws Exception {
    return bench
        .adapter
        .exit(handle)
        .toCompletableFuture()
        .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private static void removed(Bench bench, DaemonHandle handle) throws Exception {
    assertEquals(
        PlatformStatus.State.ENDED, bench.adapter.status(handle, Bench.deadline()).state());
    bench.adapter.destroy(handle, Bench.deadline());
    Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_container_without_its_monitor_when_it_ends_then_that_is_told(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      DaemonHandle handle = bench.start(bench.shell("alone", SLEEPS, b -> b), new RecordedEvents());
      ProcessHandle process = process(handle);
      killMonitor(process);
      // Some engines kill it themselves then.
      boolean _ = process.destroyForcibly();
      ExitReason reason = end(bench, handle);
      assertFalse(reason instanceof ExitReason.Lost, reason::toString);
      removed(bench, handle);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_container_without_its_monitor_when_it_is_killed_then_it_is_gone(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      DaemonHandle handle = bench.start(bench.shell("alone", SLEEPS, b -> b), new RecordedEvents());
      ProcessHandle process = process(handle);
      killMonitor(process);
      bench.adapter.kill(handle, Bench.deadline());
      ExitReason reason = end(bench, handle);
      assertFalse(reason instanceof ExitReason.Lost, reason::toString);
      Await.until("its process is gone", Bench.PATIENCE, () -> !process.isAlive());
      removed(bench, handle);
    }
  }
}
