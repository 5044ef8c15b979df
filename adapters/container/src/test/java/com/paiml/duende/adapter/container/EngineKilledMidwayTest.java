package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Engines that are killed, and started again, while something is being asked of them. */
@Tag("long")
class EngineKilledMidwayTest {
  private static final String SLEEPS = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

  /** From before the engine has heard of it until after it is done. */
  private static final List<Integer> MILLIS = List.of(0, 10, 30, 60, 120, 240);

  @TempDir Path folder;

  /** Kills the engine so long after the begin of an operation; what came of it, or empty when it failed with an error of ours. */
  private static <R> Optional<R> killedAfter(Bench bench, int millis, Callable<R> operation)
      throws Exception {
    FutureTask<R> running = new FutureTask<>(operation);
    Thread _ = Thread.ofPlatform().daemon().start(running);
    TimeUnit.MILLISECONDS.sleep(millis);
    bench.engine.kill();
    bench.engine.begin();
    try {
      return Optional.of(running.get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      DaemonException told = assertInstanceOf(DaemonException.class, e.getCause());
      assertFalse(told.problem().isBlank() || told.remedy().isBlank(), told::toString);
      return Optional.empty();
    }
  }

  private static void awaitNothing(Bench bench) throws Exception {
    Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_start_when_the_engine_is_killed_then_it_runs_or_nothing_of_it_is_left(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      for (int millis : MILLIS) {
        LaunchSpec spec = bench.shell("begun-" + millis, SLEEPS, b -> b);
        Optional<DaemonHandle> handle =
            killedAfter(bench, millis, () -> bench.start(spec, new RecordedEvents()));
        if (handle.isPresent()) {
          assertEquals(
              PlatformStatus.State.RUNNING,
              bench.adapter.status(handle.get(), Bench.deadline()).state());
          end(bench, handle.get());
        }
        awaitNothing(bench);
      }
    }
  }

  /** Not Podman 4.3: killed during a stop it may wait for a file about the end that never comes, and refuses all further signals. */
  @ParameterizedTest
  @ValueSource(strings = {"docker", "containerd"})
  void given_a_daemon_when_the_engine_is_killed_during_what_is_asked_then_the_daemon_is_not_lost(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      DaemonHandle handle = bench.start(bench.shell("stays", SLEEPS, b -> b), new RecordedEvents());
      List<Callable<Object>> operations = new ArrayList<>();
      operations.add(() -> bench.adapter.status(handle, Bench.deadline()));
      operations.add(
          () ->
              bench.adapter.exec(
                  handle,
                  List.of("/bin/true"),
                  com.paiml.duende.spi.Deadline.after(Duration.ofSeconds(20))));
      operations.add(
          () -> {
            bench.adapter.pause(
                handle, com.paiml.duende.spi.Deadline.after(Duration.ofSeconds(20)));
            return "paused";
          });
      operations.add(
          () -> {
            bench.adapter.signal(
                handle, Signal.CONT, com.paiml.duende.spi.Deadline.after(Duration.ofSeconds(20)));
            return "signalled";
          });
      operations.add(() -> bench.log(handle));
      for (Callable<Object> operation : operations) {
        Optional<Object> _ = killedAfter(bench, 5, operation);
        if (bench.adapter.status(handle, Bench.deadline()).state() == PlatformStatus.State.PAUSED) {
          bench.adapter.resume(handle, Bench.deadline());
        }
        assertEquals(
            PlatformStatus.State.RUNNING, bench.adapter.status(handle, Bench.deadline()).state());
        assertFalse(bench.adapter.exit(handle).toCompletableFuture().isDone());
      }
      // A stop may fail with the engine; the next one does it.
      Optional<Object> _ =
          killedAfter(
              bench,
              5,
              () -> {
                bench.adapter.stop(handle, Signal.TERM, Duration.ofSeconds(30));
                return "stopped";
              });
      end(bench, handle);
      awaitNothing(bench);
    }
  }

  private static void end(Bench bench, DaemonHandle handle) throws Exception {
    bench.adapter.stop(handle, Signal.TERM, Duration.ofSeconds(30));
    ExitReason reason =
        bench
            .adapter
            .exit(handle)
            .toCompletableFuture()
            .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertFalse(reason instanceof ExitReason.Lost, reason::toString);
    bench.adapter.destroy(handle, Bench.deadline());
  }
}
