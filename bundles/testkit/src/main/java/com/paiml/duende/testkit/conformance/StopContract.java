package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.PlatformAdapter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** How a run is ended. */
interface StopContract extends Contract {
  Duration LONG = Duration.ofMinutes(10);

  @Test
  default void stop_ends_what_obeys_and_returns_when_it_is_gone() throws Exception {
    Run run = bench().start(new Behaviour.Sleeps()).up();
    bench().adapter().stop(run.handle(), Signal.TERM, LONG);
    assertGone(run);
    assertEquals(new ExitReason.Graceful(), run.awaitExit());
  }

  @Test
  default void stop_waits_for_what_takes_its_time() throws Exception {
    bench().require(Capability.LOGS);
    Run run = bench().start(new Behaviour.TakesToStop(Duration.ofSeconds(1))).up();
    bench().adapter().stop(run.handle(), Signal.TERM, LONG);
    assertEquals(new ExitReason.Graceful(), run.awaitExit(), "it was not given its time");
    assertTrue(run.lines().contains("bye"), () -> "it did not come to say bye: " + logOf(run));
  }

  @Test
  default void stop_kills_what_ignores_it_after_the_timeout_and_not_before() throws Exception {
    bench().require(Capability.KILL);
    Run run = bench().start(new Behaviour.IgnoresTerm()).up();
    Duration timeout = Duration.ofMillis(1500);
    long begin = System.nanoTime();
    bench().adapter().stop(run.handle(), Signal.TERM, timeout);
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    assertGone(run);
    assertTrue(took.compareTo(timeout) >= 0, () -> "killed after " + took.toMillis() + " ms");
    assertTrue(
        took.compareTo(timeout.plus(bench().patience())) < 0,
        () -> "it took " + took.toMillis() + " ms");
    assertEquals(9, signalOf(run.awaitExit()), "it was not killed");
  }

  @Test
  default void what_ignores_stop_and_cannot_be_killed_is_told_as_abandoned() throws Exception {
    bench().fingerprint();
    assumeTrue(!bench().can(Capability.KILL), "it can be killed");
    Run run = bench().start(new Behaviour.IgnoresTerm()).up();
    bench().adapter().stop(run.handle(), Signal.TERM, Duration.ofMillis(500));
    assertInstanceOf(ExitReason.Abandoned.class, run.awaitExit());
    assertTrue(run.alive() > 0, "it goes on, and that is what is to be told");
  }

  @Test
  default void stop_with_no_time_kills_at_once() throws Exception {
    bench().require(Capability.KILL);
    Run run = bench().start(new Behaviour.IgnoresTerm()).up();
    bench().adapter().stop(run.handle(), Signal.TERM, Duration.ZERO);
    assertGone(run);
  }

  @Test
  default void stop_ends_the_whole_tree() throws Exception {
    bench().require(Capability.KILL);
    Run run = bench().start(new Behaviour.ForksTree()).up();
    assertTrue(run.alive() >= 3, "the tree is not there");
    bench().adapter().stop(run.handle(), Signal.TERM, Duration.ofSeconds(2));
    assertGone(run);
  }

  @Test
  default void stop_sends_the_signal_that_was_asked_for() throws Exception {
    bench().require(Capability.LOGS, Capability.KILL);
    Run run = bench().start(new Behaviour.EchoesSignals()).up();
    CompletableFuture<Void> stopped =
        Async.run(() -> bench().adapter().stop(run.handle(), Signal.USR2, LONG));
    run.awaitLine("got USR2");
    bench().adapter().kill(run.handle(), bench().deadline());
    stopped.get(bench().patience().toMillis(), TimeUnit.MILLISECONDS);
  }

  @Test
  default void stop_and_kill_of_what_has_ended_are_harmless() throws Exception {
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.Exits(7));
    ExitReason reason = run.awaitExit();
    for (int i = 0; i < 2; i++) {
      adapter.stop(run.handle(), Signal.TERM, LONG);
      adapter.kill(run.handle(), bench().deadline());
    }
    assertEquals(reason, run.awaitExit(), "the reason of its end has changed");
  }

  @Test
  default void a_second_stop_is_harmless() throws Exception {
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.Sleeps()).up();
    adapter.stop(run.handle(), Signal.TERM, LONG);
    adapter.stop(run.handle(), Signal.TERM, LONG);
    assertEquals(new ExitReason.Graceful(), run.awaitExit());
  }

  @Test
  default void kill_ends_the_whole_tree() throws Exception {
    bench().require(Capability.KILL);
    Run run = bench().start(new Behaviour.ForksTree()).up();
    bench().adapter().kill(run.handle(), bench().deadline());
    assertGone(run);
    assertEquals(9, signalOf(run.awaitExit()), "told of a main process that was killed");
  }

  @Test
  default void kill_overtakes_a_stop_in_progress() throws Exception {
    bench().require(Capability.KILL);
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.IgnoresTerm()).up();
    CompletableFuture<Void> stop = Async.run(() -> adapter.stop(run.handle(), Signal.TERM, LONG));
    assertThrows(
        TimeoutException.class,
        () -> stop.get(300, TimeUnit.MILLISECONDS),
        "stop returned, and it was to ignore TERM");
    adapter.kill(run.handle(), bench().deadline());
    assertGone(run);
    stop.get(bench().patience().toMillis(), TimeUnit.MILLISECONDS);
  }

  @Test
  default void destroy_removes_what_is_left_and_does_so_twice() throws Exception {
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.Sleeps()).up();
    adapter.stop(run.handle(), Signal.TERM, LONG);
    adapter.destroy(run.handle(), bench().deadline());
    adapter.destroy(run.handle(), bench().deadline());
    assertEquals(List.of(), bench().subject().leftovers(run.spec()));
  }

  private static int signalOf(ExitReason reason) {
    return reason instanceof ExitReason.Signalled s ? s.signal() : -1;
  }

  private static String logOf(Run run) {
    try {
      return run.lines().toString();
    } catch (Exception e) {
      return e.toString();
    }
  }
}
