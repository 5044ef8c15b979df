package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An engine that takes what is asked and does not answer. */
@Tag("long")
class FrozenEngineTest {
  private static final String SLEEPS = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

  @TempDir Path folder;

  private static void assertTimesOut(Executable call) {
    DaemonException late = assertThrows(DaemonException.class, call);
    assertEquals(ErrorCode.TIMEOUT, late.code(), late::toString);
    assertFalse(late.remedy().isBlank(), late::toString);
  }

  private static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_an_engine_that_does_not_answer_then_calls_end_in_time_and_all_goes_on_when_it_does(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      DaemonHandle handle = bench.start(bench.shell("waits", SLEEPS, b -> b), new RecordedEvents());
      LaunchSpec other = bench.shell("not-now", SLEEPS, b -> b);
      bench.engine.freeze();
      assertTimesOut(() -> bench.adapter.status(handle, soon()));
      assertTimesOut(() -> bench.adapter.signal(handle, Signal.CONT, soon()));
      assertTimesOut(() -> bench.adapter.pause(handle, soon()));
      assertTimesOut(() -> bench.adapter.spawn(other, new RecordedEvents(), soon()));
      bench.engine.thaw();

      Await.until(
          "of the start that failed nothing is left",
          Bench.PATIENCE,
          () -> bench.ours().stream().noneMatch(l -> l.contains("not-now")));
      if (bench.adapter.status(handle, Bench.deadline()).state() == PlatformStatus.State.PAUSED) {
        // It did what it was asked, later.
        bench.adapter.resume(handle, Bench.deadline());
      }
      bench.adapter.stop(handle, Signal.TERM, Duration.ofSeconds(30));
      assertEquals(
          new ExitReason.Graceful(),
          bench
              .adapter
              .exit(handle)
              .toCompletableFuture()
              .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS));
      bench.adapter.destroy(handle, Bench.deadline());
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }
}
