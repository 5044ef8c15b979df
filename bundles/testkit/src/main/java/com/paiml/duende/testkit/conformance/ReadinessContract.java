package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a daemon says of itself by the ways that are the adapter's part. */
interface ReadinessContract extends Contract {

  @Test
  default void readiness_and_status_text_by_sd_notify_are_passed_on() throws Exception {
    bench().require(Capability.READINESS_NOTIFY);
    Run run = startNotifying();
    Await.until("ready", bench().patience(), () -> run.events().readies() > 0);
    Await.until(
        "status text", bench().patience(), () -> run.events().statusTexts().contains("in service"));
    assertEquals(
        "in service", bench().adapter().status(run.handle(), bench().deadline()).statusText());
  }

  @Test
  default void what_does_not_notify_is_not_ready() throws Exception {
    bench().require(Capability.READINESS_NOTIFY);
    Run run =
        bench()
            .start(
                new Behaviour.Ticks(),
                b -> b.readiness(of(Readiness.Type.NOTIFY)).written(Set.of("readiness.type")));
    if (bench().can(Capability.LOGS)) {
      run.awaitLine("tick 20");
    }
    assertEquals(0, run.events().readies(), "it never said so");
  }

  @Test
  default void heartbeats_are_passed_on() throws Exception {
    bench().require(Capability.WATCHDOG);
    assumeTrue(
        !watchesItself(), "the platform hears the heartbeats itself, and acts on their absence");
    Run run = startNotifying();
    Await.until("three heartbeats", bench().patience(), () -> run.events().heartbeats() >= 3);
  }

  @Test
  default void heartbeats_go_on_after_recovery() throws Exception {
    bench().require(Capability.WATCHDOG, Capability.RECOVER);
    assumeTrue(
        !watchesItself(), "the platform hears the heartbeats itself, and acts on their absence");
    Run run = startNotifying();
    Await.until("a heartbeat", bench().patience(), () -> run.events().heartbeats() >= 1);
    bench().leave();
    RecordedEvents later = new RecordedEvents();
    Recovery recovery =
        bench().adapter().recover(run.handle(), run.spec(), later, bench().deadline());
    assertTrue(recovery instanceof Recovery.Running, () -> "told: " + recovery);
    Await.until("heartbeats again", bench().patience(), () -> later.heartbeats() >= 3);
  }

  @Test
  default void a_line_on_a_descriptor_is_readiness() throws Exception {
    bench().require(Capability.READINESS_FD);
    Run run =
        bench()
            .start(
                new Behaviour.WritesReadyLine(3),
                b -> b.readiness(of(Readiness.Type.FD)).written(Set.of("readiness.type")));
    Await.until("ready", bench().patience(), () -> run.events().readies() > 0);
    assertEquals(1, run.events().readies(), "once");
  }

  @Test
  default void what_stops_feeding_the_watchdog_of_its_platform_is_ended() throws Exception {
    bench().require(Capability.WATCHDOG, Capability.WATCHDOG_BY_PLATFORM, Capability.SIGNAL);
    Run run = startNotifying(Duration.ofSeconds(2));
    Await.until("ready", bench().patience(), () -> run.events().readies() > 0);
    bench().adapter().signal(run.handle(), Signal.STOP, bench().deadline());
    assertEquals(new ExitReason.WatchdogTimeout(Duration.ofSeconds(2)), run.awaitExit());
  }

  private boolean watchesItself() {
    return bench().can(Capability.WATCHDOG_BY_PLATFORM);
  }

  private Run startNotifying() throws Exception {
    return startNotifying(Duration.ofSeconds(30));
  }

  private Run startNotifying(Duration watchdog) throws Exception {
    return bench()
        .start(
            new Behaviour.Notifies(),
            b ->
                b.readiness(of(Readiness.Type.NOTIFY))
                    .watchdog(
                        bench().can(Capability.WATCHDOG) ? Optional.of(watchdog) : Optional.empty())
                    .written(Set.of("readiness.type")));
  }

  private static Readiness of(Readiness.Type type) {
    return new Readiness(
        type, "", "", List.of(), "", 3, Duration.ofSeconds(60), Duration.ofMillis(100));
  }
}
