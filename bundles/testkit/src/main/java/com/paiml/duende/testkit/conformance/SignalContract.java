package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.PlatformAdapter;
import org.junit.jupiter.api.Test;

/** Signals reach the main process, and nothing else. */
interface SignalContract extends Contract {

  @Test
  default void signals_reach_the_main_process() throws Exception {
    bench().require(Capability.SIGNAL, Capability.LOGS);
    Run run = bench().start(new Behaviour.EchoesSignals()).up();
    for (Signal signal : new Signal[] {Signal.HUP, Signal.USR1, Signal.USR2}) {
      bench().adapter().signal(run.handle(), signal, bench().deadline());
      run.awaitLine("got " + signal);
    }
    assertTrue(run.alive() > 0);
  }

  @Test
  default void term_as_a_signal_asks_it_to_end() throws Exception {
    bench().require(Capability.SIGNAL);
    Run run = bench().start(new Behaviour.Sleeps()).up();
    bench().adapter().signal(run.handle(), Signal.TERM, bench().deadline());
    assertEquals(new ExitReason.Graceful(), run.awaitExit());
  }

  @Test
  default void a_signal_to_one_daemon_is_not_felt_by_another() throws Exception {
    bench().require(Capability.SIGNAL, Capability.LOGS);
    PlatformAdapter adapter = bench().adapter();
    Run one = bench().start(new Behaviour.EchoesSignals()).up();
    Run other = bench().start(new Behaviour.EchoesSignals()).up();
    adapter.signal(one.handle(), Signal.USR1, bench().deadline());
    one.awaitLine("got USR1");
    adapter.signal(other.handle(), Signal.USR2, bench().deadline());
    other.awaitLine("got USR2");
    assertEquals(1, one.lines().stream().filter(l -> l.startsWith("got")).count());
    assertEquals(1, other.lines().stream().filter(l -> l.startsWith("got")).count());
  }
}
