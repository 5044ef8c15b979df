package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.lab.Command;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts in the midst of which who had asked for them is gone, or the process is that stands between engine and container. */
@Tag("long")
class BrokenOffStartTest {
  private static final String SLEEPS = "exec sleep 3600";

  /** From before the engine has heard of it until after it is done. */
  private static final List<Integer> MILLIS = List.of(5, 20, 50, 80, 110, 140, 180, 250, 400, 600);

  private static final Duration STEP = Duration.ofSeconds(10);

  @TempDir Path folder;

  private static FutureTask<DaemonHandle> begin(Bench bench, LaunchSpec spec) {
    ContainerAdapter adapter = bench.adapter;
    FutureTask<DaemonHandle> start =
        new FutureTask<>(() -> adapter.spawn(spec, new RecordedEvents(), Bench.deadline()));
    Thread _ = Thread.ofPlatform().daemon().start(start);
    return start;
  }

  private static void end(Bench bench, DaemonHandle handle) throws Exception {
    bench.adapter.kill(handle, Bench.deadline());
    bench.adapter.destroy(handle, Bench.deadline());
  }

  private static void seeThatItRuns(Bench bench, DaemonHandle handle) throws Exception {
    assertEquals(
        PlatformStatus.State.RUNNING, bench.adapter.status(handle, Bench.deadline()).state());
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_start_that_is_broken_off_with_its_adapter_then_the_next_one_starts_it(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      LaunchSpec spec = bench.shell("again", SLEEPS, b -> b);
      for (int millis : MILLIS) {
        FutureTask<DaemonHandle> first = begin(bench, spec);
        TimeUnit.MILLISECONDS.sleep(millis);
        bench.adapter.deactivate();
        try {
          DaemonHandle _ = first.get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
          assertTrue(e.getCause() instanceof DaemonException, e::toString);
        }
        bench.adapter = bench.fresh();
        DaemonHandle handle = bench.start(spec, new RecordedEvents());
        seeThatItRuns(bench, handle);
        end(bench, handle);
      }
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }

  /** The shims of this instance's containers. */
  private static List<ProcessHandle> shims(Bench bench) {
    return ProcessHandle.allProcesses().filter(p -> isShim(p, bench.instance.id())).toList();
  }

  private static boolean isShim(ProcessHandle process, String instance) {
    String command = process.info().commandLine().orElse("");
    return command.contains("containerd-shim") && command.contains("-id duende-" + instance);
  }

  private static void freeze(ProcessHandle shim) throws Exception {
    Command.Result _ =
        Command.run(Bench.PATIENCE, List.of("kill", "-STOP", Long.toString(shim.pid())));
  }

  @Test
  void
      given_a_shim_that_stands_still_in_the_midst_of_a_start_then_that_fails_and_the_next_one_works()
          throws Exception {
    try (Bench bench = new Bench("containerd", folder)) {
      bench.adapter.deactivate();
      bench.adapter = bench.fresh(STEP);
      LaunchSpec spec = bench.shell("stuck", SLEEPS, b -> b);
      boolean inTheMidst = false;
      Deadline enough = Bench.deadline();
      while (!inTheMidst && !enough.hasPassed()) {
        FutureTask<DaemonHandle> start = begin(bench, spec);
        while (!start.isDone()) {
          List<ProcessHandle> seen = shims(bench);
          for (ProcessHandle shim : seen) {
            freeze(shim);
          }
          inTheMidst |= !seen.isEmpty() && !start.isDone();
          TimeUnit.MILLISECONDS.sleep(5);
        }
        if (inTheMidst) {
          assertThrows(ExecutionException.class, start::get);
        }
      }
      assertTrue(inTheMidst, "no start was ever caught in its midst");
      DaemonHandle handle = bench.start(spec, new RecordedEvents());
      seeThatItRuns(bench, handle);
      end(bench, handle);
      awaitNothing(bench);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void given_a_shim_that_stands_still_when_its_daemon_ends_then_the_next_start_works(
      boolean managerIsGone) throws Exception {
    try (Bench bench = new Bench("containerd", folder)) {
      LaunchSpec spec = bench.shell("stuck", SLEEPS, b -> b);
      DaemonHandle before = bench.start(spec, new RecordedEvents());
      if (managerIsGone) {
        bench.adapter.deactivate();
      }
      for (ProcessHandle shim : shims(bench)) {
        freeze(shim);
      }
      Optional<ProcessHandle> program = ProcessHandle.of(before.pid().orElseThrow());
      assertTrue(program.orElseThrow().destroyForcibly(), "it was there to be killed");
      if (managerIsGone) {
        bench.adapter = bench.fresh();
      } else {
        ExitReason _ =
            bench
                .adapter
                .exit(before)
                .toCompletableFuture()
                .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      }
      DaemonHandle handle = bench.start(spec, new RecordedEvents());
      assertFalse(handle.pid().equals(before.pid()), handle::toString);
      seeThatItRuns(bench, handle);
      end(bench, handle);
      awaitNothing(bench);
    }
  }

  private static void awaitNothing(Bench bench) throws Exception {
    Await.until(
        "nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty() && shims(bench).isEmpty());
  }
}
