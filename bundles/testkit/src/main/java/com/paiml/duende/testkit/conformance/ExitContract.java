package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** How the end of a run is told. */
interface ExitContract extends Contract {

  @Test
  default void exit_0_is_graceful() throws Exception {
    assertEquals(new ExitReason.Graceful(), bench().start(new Behaviour.Exits(0)).awaitExit());
  }

  @Test
  default void every_other_exit_code_is_told() throws Exception {
    for (int code : new int[] {1, 7, 126, 255}) {
      ExitReason reason = bench().start(new Behaviour.Exits(code)).awaitExit();
      assertEquals(
          code,
          reason instanceof ExitReason.Failure f ? f.code() : -1,
          () -> "exited with " + code + ", told: " + reason);
    }
  }

  @Test
  default void a_signal_that_ended_it_is_told() throws Exception {
    for (int signal : new int[] {6, 9, 11}) {
      ExitReason reason = bench().start(new Behaviour.DiesBySignal(signal)).awaitExit();
      assertEquals(
          signal,
          reason instanceof ExitReason.Signalled s ? s.signal() : -1,
          () -> "died of signal " + signal + ", told: " + reason);
    }
  }

  @Test
  default void the_exit_stage_is_the_same_at_each_call() throws Exception {
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.Sleeps()).up();
    DaemonHandle copy =
        new DaemonHandle(
            run.handle().platform(),
            run.handle().name(),
            run.handle().id(),
            run.handle().generation(),
            Map.copyOf(run.handle().data()));
    CompletionStage<ExitReason> before = adapter.exit(run.handle());
    assertSame(before, adapter.exit(copy), "another stage for an equal handle");
    adapter.stop(run.handle(), Signal.TERM, StopContract.LONG);
    run.awaitExit();
    assertSame(before, adapter.exit(run.handle()), "another stage after the end");
  }

  @Test
  default void the_exit_stage_completes_only_when_the_whole_tree_is_gone() throws Exception {
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.LeavesOrphans());
    // Counted on the thread that completes the stage, at that moment.
    int alive =
        adapter
            .exit(run.handle())
            .handle(
                (reason, fault) -> {
                  try {
                    return run.alive();
                  } catch (Exception e) {
                    throw new AssertionError(e);
                  }
                })
            .toCompletableFuture()
            .get(bench().patience().toMillis(), TimeUnit.MILLISECONDS);
    assertEquals(0, alive, "processes alive when the stage completed");
    assertEquals(
        new ExitReason.Graceful(), run.awaitExit(), "the main process's own end is what counts");
  }

  @Test
  default void who_hears_of_an_end_may_call_the_adapter_there() throws Exception {
    PlatformAdapter adapter = bench().adapter();
    Run other = bench().start(new Behaviour.Sleeps()).up();
    // Asked for before it ends, so that the thread that hears of the end tells it.
    Run run = bench().start(new Behaviour.ExitsAfter(Duration.ofSeconds(2), 7));
    CompletableFuture<PlatformStatus.State> said =
        adapter
            .exit(run.handle())
            .thenApply(
                reason -> {
                  try {
                    adapter.destroy(run.handle(), bench().deadline());
                    return adapter.status(other.handle(), bench().deadline()).state();
                  } catch (DaemonException e) {
                    throw new CompletionException(e);
                  }
                })
            .toCompletableFuture();
    assertEquals(
        PlatformStatus.State.RUNNING,
        said.get(3 * bench().patience().toMillis(), TimeUnit.MILLISECONDS));
    adapter.stop(other.handle(), Signal.TERM, StopContract.LONG);
    other.awaitExit();
  }

  @Test
  default void after_its_end_it_is_ended_and_reaped() throws Exception {
    Run run = bench().start(new Behaviour.Exits(3));
    run.awaitExit();
    assertEquals(
        PlatformStatus.State.ENDED,
        bench().adapter().status(run.handle(), bench().deadline()).state());
    OptionalLong pid = run.handle().pid();
    if (pid.isPresent()) {
      Path stat = Path.of("/proc/" + pid.getAsLong() + "/stat");
      String text = Files.exists(stat) ? Files.readString(stat) : "";
      assertFalse(text.matches("(?s)\\d+ \\(.*\\) Z .*"), "a zombie is left: " + text);
    }
  }

  @Test
  default void a_signal_to_what_has_ended_is_refused() throws Exception {
    bench().require(Capability.SIGNAL);
    Run run = bench().start(new Behaviour.Exits(0));
    run.awaitExit();
    assertRefused(
        "a signal to what has ended",
        () -> bench().adapter().signal(run.handle(), Signal.USR1, bench().deadline()));
  }
}
