package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How a run is held up and let go. */
interface PauseContract extends Contract {

  @Test
  default void pause_stops_the_whole_tree_and_resume_lets_it_go_on() throws Exception {
    bench().require(Capability.PAUSE, Capability.LOGS);
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.Ticks()).up();
    run.awaitLine("tick 3");
    adapter.pause(run.handle(), bench().deadline());
    assertEquals(PlatformStatus.State.PAUSED, state(run));
    // What was written before may still be on its way; then there is silence for the time of 25
    // ticks.
    Await.until("the child is silent", bench().patience(), () -> isSilent(run));
    int heard = run.lines().size();
    assertEquals(PlatformStatus.State.PAUSED, state(run));
    adapter.resume(run.handle(), bench().deadline());
    assertEquals(PlatformStatus.State.RUNNING, state(run));
    Await.until("it ticks again", bench().patience(), () -> run.lines().size() > heard + 3);
  }

  @Test
  default void pause_and_resume_twice_are_harmless() throws Exception {
    bench().require(Capability.PAUSE);
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.Sleeps()).up();
    adapter.resume(run.handle(), bench().deadline());
    adapter.pause(run.handle(), bench().deadline());
    adapter.pause(run.handle(), bench().deadline());
    assertEquals(PlatformStatus.State.PAUSED, state(run));
    adapter.resume(run.handle(), bench().deadline());
    adapter.resume(run.handle(), bench().deadline());
    assertEquals(PlatformStatus.State.RUNNING, state(run));
    assertTrue(run.alive() > 0);
  }

  @Test
  default void what_is_paused_can_be_stopped() throws Exception {
    bench().require(Capability.PAUSE);
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.Sleeps()).up();
    adapter.pause(run.handle(), bench().deadline());
    adapter.stop(run.handle(), Signal.TERM, Duration.ofSeconds(5));
    assertGone(run);
  }

  @Test
  default void what_is_paused_can_be_killed() throws Exception {
    bench().require(Capability.PAUSE, Capability.KILL);
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.ForksTree()).up();
    adapter.pause(run.handle(), bench().deadline());
    adapter.kill(run.handle(), bench().deadline());
    assertGone(run);
  }

  @Test
  default void to_pause_what_has_ended_is_refused() throws Exception {
    bench().require(Capability.PAUSE);
    Run run = bench().start(new Behaviour.Exits(0));
    run.awaitExit();
    assertRefused(
        "to pause what has ended", () -> bench().adapter().pause(run.handle(), bench().deadline()));
  }

  private PlatformStatus.State state(Run run) throws Exception {
    return bench().adapter().status(run.handle(), bench().deadline()).state();
  }

  private static boolean isSilent(Run run) throws Exception {
    int before = run.lines().size();
    Thread.sleep(500);
    return run.lines().size() == before;
  }
}
