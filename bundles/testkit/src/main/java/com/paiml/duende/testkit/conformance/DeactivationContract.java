package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformAdapter;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What becomes of calls, stages and daemons when the adapter leaves. */
interface DeactivationContract extends Contract {

  @Test
  default void open_exit_stages_fail_with_adapter_gone_and_the_daemons_go_on() throws Exception {
    bench().require(Capability.RECOVER);
    Run run = bench().start(new Behaviour.Sleeps()).up();
    CompletionStage<ExitReason> stage = bench().adapter().exit(run.handle());
    int alive = run.alive();
    bench().leave();
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () ->
                stage
                    .toCompletableFuture()
                    .get(bench().patience().toMillis(), TimeUnit.MILLISECONDS));
    assertInstanceOf(AdapterGone.class, failure.getCause());
    assertTrue(run.alive() >= alive, "the daemon went with the adapter");
  }

  @Test
  default void every_call_after_deactivation_says_that_the_adapter_is_gone() throws Exception {
    Run run = bench().start(new Behaviour.Sleeps()).up();
    LaunchSpec another = bench().spec(new Behaviour.Sleeps());
    PlatformAdapter gone = bench().leave();
    assertThrows(
        AdapterGone.class, () -> gone.spawn(another, new RecordedEvents(), bench().deadline()));
    assertThrows(AdapterGone.class, () -> gone.status(run.handle(), bench().deadline()));
    assertThrows(
        AdapterGone.class, () -> gone.signal(run.handle(), Signal.USR1, bench().deadline()));
    assertThrows(
        AdapterGone.class, () -> gone.stop(run.handle(), Signal.TERM, Duration.ofSeconds(1)));
    assertThrows(AdapterGone.class, () -> gone.kill(run.handle(), bench().deadline()));
    assertThrows(
        AdapterGone.class,
        () -> gone.recover(run.handle(), run.spec(), new RecordedEvents(), bench().deadline()));
    assertTrue(bench().alive(another) == 0, "it started something all the same");
  }

  @Test
  default void a_stop_in_progress_ends_when_the_adapter_leaves() throws Exception {
    bench().require(Capability.RECOVER);
    PlatformAdapter adapter = bench().adapter();
    Run run = bench().start(new Behaviour.IgnoresTerm()).up();
    var stop = Async.run(() -> adapter.stop(run.handle(), Signal.TERM, Duration.ofMinutes(10)));
    assertThrows(
        java.util.concurrent.TimeoutException.class, () -> stop.get(300, TimeUnit.MILLISECONDS));
    bench().leave();
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () -> stop.get(bench().patience().toMillis(), TimeUnit.MILLISECONDS));
    assertInstanceOf(AdapterGone.class, failure.getCause());
    assertTrue(run.alive() > 0, "the daemon went with the adapter");
  }
}
