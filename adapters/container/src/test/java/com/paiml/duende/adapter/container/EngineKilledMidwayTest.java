package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
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

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_daemon_when_the_engine_is_killed_during_what_is_asked_then_the_daemon_is_not_lost(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      DaemonHandle handle = bench.start(bench.shell("stays", SLEEPS, b -> b), new RecordedEvents());
      List<Callable<Object>> operations = new ArrayList<>();
      operations.add(() -> bench.adapter.status(handle, soon()));
      operations.add(() -> bench.adapter.usage(handle, soon()));
      operations.add(() -> bench.adapter.exec(handle, List.of("/bin/true"), soon()));
      operations.add(
          () -> {
            bench.adapter.pause(handle, soon());
            return "paused";
          });
      operations.add(
          () -> {
            bench.adapter.signal(handle, Signal.CONT, soon());
            return "signalled";
          });
      operations.add(() -> bench.adapter.updateLimits(handle, Resources.DEFAULT, soon()));
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
      end(bench, handle);
      awaitNothing(bench);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_stop_when_the_engine_is_killed_then_the_next_stop_does_it(String kind)
      throws Exception {
    doneAtTheSecondTime(
        kind,
        (bench, daemon) -> {},
        (bench, daemon) -> bench.adapter.stop(daemon, Signal.TERM, Duration.ofSeconds(30)),
        EngineKilledMidwayTest::end);
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_kill_when_the_engine_is_killed_then_the_next_kill_does_it(String kind)
      throws Exception {
    doneAtTheSecondTime(
        kind,
        (bench, daemon) -> {},
        (bench, daemon) -> bench.adapter.kill(daemon, soon()),
        EngineKilledMidwayTest::end);
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_removal_when_the_engine_is_killed_then_the_next_one_leaves_nothing(String kind)
      throws Exception {
    doneAtTheSecondTime(
        kind,
        (bench, daemon) -> bench.adapter.kill(daemon, Bench.deadline()),
        (bench, daemon) -> bench.adapter.destroy(daemon, soon()),
        (bench, daemon) -> {});
  }

  /** One thing done with one daemon. */
  private interface Step {
    void with(Bench bench, DaemonHandle daemon) throws Exception;
  }

  /** What may fail with the engine that is killed during it is done by the next call; nothing is left at last. */
  private void doneAtTheSecondTime(String kind, Step before, Step asked, Step after)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      for (int millis : MILLIS) {
        DaemonHandle daemon =
            bench.start(bench.shell("after-" + millis, SLEEPS, b -> b), new RecordedEvents());
        before.with(bench, daemon);
        Optional<Object> _ =
            killedAfter(
                bench,
                millis,
                () -> {
                  asked.with(bench, daemon);
                  return "done";
                });
        asked.with(bench, daemon);
        after.with(bench, daemon);
        awaitNothing(bench);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_log_that_is_followed_when_the_engine_is_killed_then_a_new_reader_misses_nothing(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      DaemonHandle handle =
          bench.start(
              bench.shell(
                  "talks",
                  "trap 'exit 0' TERM; i=0; while :; do echo line $i; i=$((i+1)); sleep 0.05; done",
                  b -> b),
              new RecordedEvents());
      bench.awaitLine(handle, "line 1");
      Optional<String> last = killedAfter(bench, 30, () -> followed(bench, handle));
      assertFalse(bench.adapter.exit(handle).toCompletableFuture().isDone());
      int seen = last.map(EngineKilledMidwayTest::number).orElse(1);
      bench.awaitLine(handle, "line " + (seen + 20));
      List<String> numbered =
          bench.log(handle).stream().filter(l -> l.matches("line \\d+")).toList();
      for (int i = 0; i < numbered.size(); i++) {
        assertEquals("line " + i, numbered.get(i), "none is lost, and none told twice");
      }
      end(bench, handle);
      awaitNothing(bench);
    }
  }

  /** The last line of a reader that goes on until its stream ends or fails. */
  private static String followed(Bench bench, DaemonHandle handle) throws Exception {
    String last = "line 0";
    try (LogStream stream =
        bench.adapter.logs(handle).open(new LogQuery(-1, Optional.empty(), true))) {
      // A reader of a log that is the engine's ends with the engine; one of a file goes on.
      Deadline enough = soon();
      while (!stream.isDone() && !enough.hasPassed() && number(last) < 100) {
        last = stream.next(enough).map(LogLine::text).orElse(last);
      }
    }
    return last;
  }

  private static int number(String line) {
    return Integer.parseInt(line.substring(line.indexOf(' ') + 1));
  }

  /** Long enough for what is asked, and not as long as the test. */
  private static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(20));
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
