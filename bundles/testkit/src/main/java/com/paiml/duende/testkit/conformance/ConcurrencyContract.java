package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Many calls at once. */
interface ConcurrencyContract extends Contract {
  int THREADS = 32;

  @Test
  default void whole_lives_at_once_on_many_threads() throws Exception {
    PlatformAdapter adapter = bench().adapter();
    bench().fingerprint();
    ConcurrentLinkedQueue<Run> runs = new ConcurrentLinkedQueue<>();
    allAtOnce(
        () -> {
          Run run = bench().start(new Behaviour.Sleeps()).up();
          runs.add(run);
          assertEquals(
              PlatformStatus.State.RUNNING,
              adapter.status(run.handle(), bench().deadline()).state());
          adapter.stop(run.handle(), Signal.TERM, Duration.ofMinutes(10));
          assertEquals(new ExitReason.Graceful(), run.awaitExit());
          adapter.destroy(run.handle(), bench().deadline());
        });
    Set<DaemonHandle> handles = new HashSet<>();
    for (Run run : runs) {
      assertGone(run);
      handles.add(run.handle());
    }
    assertEquals(THREADS, handles.size(), "each has a handle of its own");
  }

  @Test
  default void many_stops_and_kills_of_one_daemon_at_once() throws Exception {
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.Sleeps()).up();
    boolean killable = bench().can(Capability.KILL);
    allAtOnce(
        () -> {
          adapter.stop(run.handle(), Signal.TERM, Duration.ofSeconds(30));
          if (killable) {
            adapter.kill(run.handle(), bench().deadline());
          }
        });
    assertGone(run);
    run.awaitExit();
  }

  @Test
  default void exits_of_many_are_told_each_with_its_own_code() throws Exception {
    bench().fingerprint();
    List<Run> runs = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      runs.add(bench().start(new Behaviour.Exits(i + 1)));
    }
    for (int i = 0; i < THREADS; i++) {
      ExitReason reason = runs.get(i).awaitExit();
      assertEquals(i + 1, reason instanceof ExitReason.Failure f ? f.code() : -1);
    }
  }

  private void allAtOnce(Executable call) throws Exception {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      all.add(Async.run(call));
    }
    CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
        .get(3 * bench().patience().toMillis(), TimeUnit.MILLISECONDS);
  }
}
