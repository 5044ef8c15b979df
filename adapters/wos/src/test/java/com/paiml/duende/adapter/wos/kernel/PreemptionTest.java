package com.paiml.duende.adapter.wos.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.api.Signal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Code that never yields is preempted, stopped and killed. This holds the pinned runtime to what the kernel rests on: that
 * compiled code asks {@code isInterrupted()} at every backward branch and call.
 */
class PreemptionTest {

  @ParameterizedTest
  @ValueSource(strings = {"spin", "count", "spin_calls", "spin_table", "spin_fill", "handler"})
  void given_an_endless_module_on_the_only_slot_when_another_starts_then_it_gets_its_turn(
      String module) throws Exception {
    try (Machine m = new Machine(1)) {
      Session endless = m.start(module);
      Machine.await("it runs", () -> endless.leader().cpu() > 0);
      Machine.Log log = new Machine.Log();
      assertEquals(
          new ExitStatus.Exited(0), m.run(SessionSpec.of("hello").output(log::write), "hello"));
      assertEquals("hello from wasm\n", log.text());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"spin", "spin_calls", "spin_table", "spin_fill", "sleep", "atomic_wait"})
  void given_an_endless_module_when_it_is_killed_then_it_is_gone(String module) throws Exception {
    try (Machine m = new Machine(1)) {
      Session session = m.start(module);
      Machine.await("it runs", () -> session.leader().turns() > 0);
      session.leader().signal(Signal.KILL);
      assertEquals(new ExitStatus.Signalled(Signal.KILL), session.await(Machine.PATIENCE));
      assertTrue(m.kernel.processes().isEmpty());
    }
  }

  @Test
  void given_a_process_that_waits_for_its_first_turn_when_it_is_killed_then_it_is_gone()
      throws Exception {
    try (Machine m = new Machine(1)) {
      Session busy = m.start(SessionSpec.of("busy").priority(Priority.CRITICAL), "spin");
      Machine.await("busy runs", () -> busy.leader().cpu() > 0);
      Session waiting = m.start(SessionSpec.of("waiting").priority(Priority.IDLE), "spin");
      Machine.await("it waits", () -> waiting.leader().state() == ProcessState.READY);
      waiting.leader().signal(Signal.KILL);
      assertInstanceOf(ExitStatus.Signalled.class, waiting.await(Machine.PATIENCE));
    }
  }

  @Test
  void given_a_busy_process_when_it_is_stopped_and_continued_then_it_computes_nothing_in_between()
      throws Exception {
    try (Machine m = new Machine(1)) {
      Session session = m.start("count");
      WasmProcess p = session.leader();
      Machine.await("it counts", () -> Machine.counter(p) > 0);
      for (int i = 0; i < 20; i++) {
        p.signal(Signal.STOP);
        Machine.await("it stops", () -> p.state() == ProcessState.STOPPED);
        long at = Machine.counter(p);
        Session other = m.start("hello");
        other.await(Machine.PATIENCE);
        assertEquals(at, Machine.counter(p), "counted while it was stopped");
        p.signal(Signal.CONT);
        Machine.await("it goes on", () -> Machine.counter(p) > at);
      }
      p.signal(Signal.STOP);
      Machine.await("it stops", () -> p.state() == ProcessState.STOPPED);
      p.signal(Signal.KILL);
      assertEquals(new ExitStatus.Signalled(Signal.KILL), session.await(Machine.PATIENCE));
    }
  }

  @Test
  void given_busy_processes_of_all_levels_on_one_slot_when_time_passes_then_all_have_had_turns()
      throws Exception {
    try (Machine m = new Machine(1)) {
      for (Priority priority : Priority.values()) {
        m.start(SessionSpec.of(priority.word()).priority(priority), "count");
      }
      // Level 7 rises to level 0 in 3.5 s; this is the proof on real threads, the figures are
      // PolicyTest's.
      Machine.await(
          "all have counted",
          () -> m.kernel.processes().stream().allMatch(p -> Machine.counter(p) > 0));
    }
  }

  @Test
  void given_waiting_processes_of_all_levels_when_the_slot_is_free_then_the_first_level_runs_first()
      throws Exception {
    try (Machine m = new Machine(1)) {
      Session gate = m.start(SessionSpec.of("gate").priority(Priority.CRITICAL), "spin");
      Machine.await("the gate holds the CPU", () -> gate.leader().cpu() > 0);
      List<WasmProcess> all = new ArrayList<>();
      for (int level = Priority.LEVELS - 1; level >= 0; level--) {
        for (int i = 0; i < 4; i++) {
          all.add(m.start(SessionSpec.of("p").priority(Priority.of(level)), "count").leader());
        }
      }
      gate.leader().signal(Signal.KILL);
      Machine.await("all have run", () -> all.stream().allMatch(p -> p.beganAt() > 0));
      List<Integer> order =
          all.stream()
              .sorted(Comparator.comparingLong(WasmProcess::beganAt))
              .map(p -> p.priority().level())
              .toList();
      assertEquals(List.of(0, 0, 0, 0), order.subList(0, 4), "who ran first: " + order);
    }
  }

  @Test
  void given_a_cpu_quota_when_it_is_set_and_lifted_at_run_time_then_the_process_feels_it()
      throws Exception {
    try (Machine m = new Machine(1)) {
      Session session =
          m.start(SessionSpec.of("count").limits(Limits.DEFAULT.withCpuQuota(10)), "count");
      Machine.await("it is throttled", () -> session.leader().state() == ProcessState.THROTTLED);
      long before = System.nanoTime();
      long cpu = session.cpu();
      Machine.await("a second", () -> System.nanoTime() - before > 1_000_000_000L);
      double share = 100.0 * (session.cpu() - cpu) / (System.nanoTime() - before);
      assertTrue(share < 25, "quota 10 %, had " + share + " %");
      session.limits(session.limits().withCpuQuota(0));
      Machine.await("it runs freely", () -> session.leader().state() == ProcessState.RUNNING);
    }
  }
}
