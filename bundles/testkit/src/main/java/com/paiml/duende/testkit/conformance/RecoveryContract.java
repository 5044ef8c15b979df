package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A new adapter object takes up what an earlier one has left, and starts nothing. */
interface RecoveryContract extends Contract {

  @Test
  default void what_still_runs_is_taken_up_and_not_started_again() throws Exception {
    bench().require(Capability.RECOVER);
    Run old = bench().start(new Behaviour.Sleeps()).up();
    int alive = old.alive();
    bench().leave();
    assertEquals(alive, old.alive(), "the daemon goes on without the adapter");
    Run run = new Run(bench(), old.spec(), running(old).handle(), old.events());
    assertEquals(alive, run.alive(), "something was started");
    assertEquals(
        PlatformStatus.State.RUNNING,
        bench().adapter().status(run.handle(), bench().deadline()).state());
    assertEquals(old.handle().pid(), run.handle().pid());
    assertFalse(run.hasExited());
    bench().adapter().stop(run.handle(), Signal.TERM, Duration.ofMinutes(10));
    assertGone(run);
    ExitReason reason = run.awaitExit();
    assertTrue(
        reason instanceof ExitReason.Graceful || reason instanceof ExitReason.Unknown,
        () -> "it exited with 0, told: " + reason);
  }

  @Test
  default void the_end_of_a_recovered_run_is_told_when_its_whole_tree_is_gone() throws Exception {
    bench().require(Capability.RECOVER, Capability.KILL);
    Run old = bench().start(new Behaviour.ForksTree()).up();
    bench().leave();
    Run run = new Run(bench(), old.spec(), running(old).handle(), old.events());
    bench().adapter().kill(run.handle(), bench().deadline());
    assertGone(run);
    ExitReason reason = run.awaitExit();
    assertTrue(
        reason.equals(new ExitReason.Signalled(9, false)) || reason instanceof ExitReason.Unknown,
        () -> "it was killed, told: " + reason);
  }

  @Test
  default void a_recovered_run_goes_on_with_its_log() throws Exception {
    bench().require(Capability.RECOVER, Capability.LOGS);
    Run old = bench().start(new Behaviour.Ticks()).up();
    old.awaitLine("tick 2");
    bench().leave();
    Run run = new Run(bench(), old.spec(), running(old).handle(), old.events());
    run.awaitLine("tick 40");
    List<String> ticks = run.lines().stream().filter(l -> l.startsWith("tick")).toList();
    for (int i = 0; i < ticks.size(); i++) {
      assertEquals("tick " + (i + 1), ticks.get(i), "a line was lost while no adapter was there");
    }
  }

  @Test
  default void what_was_paused_is_taken_up_as_paused() throws Exception {
    bench().require(Capability.RECOVER, Capability.PAUSE);
    Run old = bench().start(new Behaviour.Sleeps()).up();
    bench().adapter().pause(old.handle(), bench().deadline());
    bench().leave();
    Recovery.Running recovered = running(old);
    assertTrue(recovered.paused(), "it was paused");
    bench().adapter().resume(recovered.handle(), bench().deadline());
    assertEquals(
        PlatformStatus.State.RUNNING,
        bench().adapter().status(recovered.handle(), bench().deadline()).state());
  }

  @Test
  default void what_ended_meanwhile_is_told_and_not_started_again() throws Exception {
    bench().require(Capability.RECOVER);
    Run old = bench().start(new Behaviour.ExitsAfter(Duration.ofSeconds(1), 7));
    bench().leave();
    Await.until("it has ended", bench().patience(), () -> old.alive() == 0);
    switch (recover(old)) {
      case Recovery.Running r -> throw new AssertionError("it has ended, told: " + r);
      case Recovery.Exited e ->
          assertTrue(
              e.reason().equals(new ExitReason.Failure(7, ""))
                  || (e.reason() instanceof ExitReason.Failure f && f.code() == 7)
                  || e.reason() instanceof ExitReason.Unknown,
              () -> "it exited with 7, told: " + e.reason());
      case Recovery.Lost l -> assertFalse(l.why().isBlank(), "lost, and why?");
    }
    assertEquals(0, old.alive(), "something was started");
  }

  @Test
  default void what_ended_while_nobody_watched_is_cleared_away_and_can_be_started_again()
      throws Exception {
    bench().require(Capability.RECOVER);
    Run old = bench().start(new Behaviour.ExitsAfter(Duration.ofSeconds(1), 7));
    bench().leave();
    Await.until("it has ended", bench().patience(), () -> old.alive() == 0);
    if (recover(old) instanceof Recovery.Running late) {
      // Its platform need not know as soon as the kernel does.
      ExitReason _ = new Run(bench(), old.spec(), late.handle(), old.events()).awaitExit();
    }
    bench().adapter().destroy(old.handle(), bench().deadline());
    Run next = bench().start(next(old.spec()));
    assertFalse(next.handle().equals(old.handle()), "another run has another handle");
    assertInstanceOf(ExitReason.Failure.class, next.awaitExit());
  }

  @Test
  default void what_was_destroyed_is_not_found_and_not_started_again() throws Exception {
    bench().require(Capability.RECOVER);
    Run old = bench().start(new Behaviour.Sleeps()).up();
    bench().adapter().stop(old.handle(), Signal.TERM, Duration.ofMinutes(10));
    bench().adapter().destroy(old.handle(), bench().deadline());
    bench().leave();
    assertFalse(recover(old) instanceof Recovery.Running, "it is not there any more");
    assertEquals(0, old.alive(), "something was started");
  }

  @Test
  default void another_process_with_the_number_of_ours_is_not_taken_for_it() throws Exception {
    bench().require(Capability.RECOVER);
    Run ended = bench().start(new Behaviour.Exits(0));
    assumeTrue(ended.handle().pid().isPresent(), "its handles have no process number");
    ended.awaitExit();
    Run stranger = bench().start(new Behaviour.Sleeps()).up();
    int alive = stranger.alive();
    bench().leave();
    Map<String, String> data = new HashMap<>(ended.handle().data());
    data.put(DaemonHandle.PID, Long.toString(stranger.handle().pid().orElseThrow()));
    DaemonHandle reused =
        new DaemonHandle(
            ended.handle().platform(),
            ended.handle().name(),
            ended.handle().id(),
            ended.handle().generation(),
            data);
    Recovery recovery =
        bench().adapter().recover(reused, ended.spec(), new RecordedEvents(), bench().deadline());
    assertFalse(recovery instanceof Recovery.Running, "it is another process");
    bench().adapter().kill(reused, bench().deadline());
    bench().adapter().destroy(reused, bench().deadline());
    assertEquals(alive, stranger.alive(), "another process was killed for ours");
  }

  @Test
  default void recovery_complete_removes_leftovers_of_this_instance_and_nothing_else()
      throws Exception {
    bench().require(Capability.RECOVER);
    Run kept = bench().start(new Behaviour.Sleeps()).up();
    Run left = bench().start(new Behaviour.Sleeps()).up();
    Instance other = Workbench.newInstance();
    PlatformAdapter others = bench().subject().open(other);
    try {
      LaunchSpec spec = bench().spec(new Behaviour.Sleeps(), b -> b, other, List.of());
      bench().start(others, spec);
      bench().leave();
      DaemonHandle handle = running(kept).handle();
      bench().adapter().recoveryComplete(bench().instance(), List.of(handle), bench().deadline());
      assertTrue(kept.alive() > 0, "what was recovered has been removed");
      assertEquals(0, left.alive(), "what belongs to no daemon is still there");
      assertTrue(bench().alive(spec) > 0, "another instance's daemon has been removed");
      assertEquals(
          PlatformStatus.State.RUNNING,
          bench().adapter().status(handle, bench().deadline()).state());
    } finally {
      bench().subject().close(others);
    }
  }

  @Test
  default void a_foreign_thing_of_the_same_name_is_not_touched() throws Exception {
    bench().fingerprint();
    LaunchSpec spec = bench().spec(new Behaviour.Sleeps());
    Optional<Subject.Foreign> made = bench().subject().foreign(spec);
    assumeTrue(made.isPresent(), "names do not matter here");
    try (Subject.Foreign foreign = made.orElseThrow()) {
      PlatformAdapter adapter = bench().adapter();
      try {
        Run run = bench().start(spec);
        adapter.stop(run.handle(), Signal.TERM, Duration.ofMinutes(10));
        adapter.destroy(run.handle(), bench().deadline());
      } catch (com.paiml.duende.api.DaemonException e) {
        // To be refused because of it is as good.
        assertFalse(e.remedy().isBlank(), () -> "no remedy in " + e);
      }
      assertTrue(foreign.isUntouched(), "touched by a run of the same name");
      adapter.recoveryComplete(bench().instance(), List.of(), bench().deadline());
      assertTrue(foreign.isUntouched(), "touched when leftovers were removed");
    }
  }

  private static LaunchSpec next(LaunchSpec s) {
    return new LaunchSpec(
        s.instance(),
        s.id(),
        s.name(),
        s.generation() + 1,
        s.payload(),
        s.args(),
        s.env(),
        s.config(),
        s.table(),
        s.stateDirectory(),
        s.runDirectory(),
        s.logFile(),
        s.trace());
  }

  private Recovery recover(Run old) throws Exception {
    return bench().adapter().recover(old.handle(), old.spec(), old.events(), bench().deadline());
  }

  private Recovery.Running running(Run old) throws Exception {
    return assertInstanceOf(Recovery.Running.class, recover(old));
  }
}
