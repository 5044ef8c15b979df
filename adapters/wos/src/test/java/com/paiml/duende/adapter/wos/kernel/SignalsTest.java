package com.paiml.duende.adapter.wos.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Signal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Signals: the default action, the export, the import. */
class SignalsTest {

  private final Machine m = new Machine(1);

  @AfterEach
  void close() {
    m.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL"})
  void given_a_module_that_knows_no_signals_when_one_comes_then_it_ends_it(Signal signal)
      throws Exception {
    Session session = m.start("spin");
    session.leader().signal(signal);
    assertEquals(new ExitStatus.Signalled(signal), session.await(Machine.PATIENCE));
  }

  @ParameterizedTest
  @EnumSource(names = {"INT", "HUP", "QUIT", "USR1", "USR2"})
  void
      given_a_busy_module_with_a_handler_when_a_signal_comes_then_the_handler_runs_and_the_work_goes_on(
          Signal signal) throws Exception {
    Session session = m.start("handler");
    WasmProcess p = session.leader();
    Machine.await("it counts", () -> Machine.counter(p) > 0);
    p.signal(signal);
    Machine.await("the handler ran", () -> (int) p.peek(0) == signal.number());
    long at = Machine.counter(p);
    Machine.await("it goes on", () -> Machine.counter(p) > at);
  }

  @Test
  void given_a_handler_that_ends_the_process_when_TERM_comes_then_it_ends_with_its_own_code()
      throws Exception {
    Session session = m.start("handler");
    Machine.await("it runs", () -> Machine.counter(session.leader()) > 0);
    session.leader().signal(Signal.TERM);
    assertEquals(new ExitStatus.Exited(42), session.await(Machine.PATIENCE));
  }

  @Test
  void given_a_sleeping_module_that_takes_signals_when_one_comes_then_its_sleep_ends()
      throws Exception {
    Session session = m.start("taker");
    Machine.await("it sleeps", () -> session.leader().state() == ProcessState.SLEEPING);
    session.leader().signal(Signal.USR2);
    assertEquals(new ExitStatus.Exited(12), session.await(Machine.PATIENCE));
  }

  @Test
  void given_a_program_in_c_with_a_handler_when_HUP_and_TERM_come_then_it_reloads_and_ends()
      throws Exception {
    Machine.Log log = new Machine.Log();
    Session session =
        m.start(SessionSpec.of("counter").args("counter", "one").output(log::write), "counter");
    Machine.await("it has started", () -> log.text().contains("counter one starts"));
    session.leader().signal(Signal.HUP);
    Machine.await("it counts", () -> log.text().contains("count "));
    session.leader().signal(Signal.TERM);
    assertEquals(new ExitStatus.Exited(0), session.await(Machine.PATIENCE));
    assertTrue(log.text().contains("reloaded"), log.text());
    assertTrue(log.text().contains("counter ends at"), log.text());
  }

  @Test
  void given_a_thousand_signals_to_a_busy_program_when_they_have_passed_then_its_memory_is_sound()
      throws Exception {
    Session session = m.start("handler");
    WasmProcess p = session.leader();
    for (int i = 0; i < 1000; i++) {
      p.signal(Signal.USR1);
      Thread.onSpinWait();
    }
    Machine.await("handled", () -> (int) p.peek(0) == Signal.USR1.number());
    long at = Machine.counter(p);
    Machine.await("it goes on", () -> Machine.counter(p) > at);
  }

  /** The module looks at its flag and then sleeps for an hour: a signal in between must not be slept over. */
  @Test
  void given_a_program_about_to_sleep_when_a_signal_comes_just_before_then_it_does_not_sleep()
      throws Exception {
    for (int i = 0; i < 300; i++) {
      Session session = m.start(SessionSpec.of("behave").args("behave", "sleeps"), "behave");
      // Somewhere between its start and its sleep, a little later each time.
      java.util.concurrent.locks.LockSupport.parkNanos(i * 5_000L);
      session.leader().signal(Signal.TERM);
      assertEquals(new ExitStatus.Exited(0), session.await(Machine.PATIENCE), "round " + i);
    }
  }
}
