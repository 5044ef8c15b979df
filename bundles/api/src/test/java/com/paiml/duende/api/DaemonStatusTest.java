package com.paiml.duende.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonStatus.State;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DaemonStatusTest {
  private static final DaemonStatus FAILED = DaemonStatus.failed(new FailureReason.ExitCode(3));

  @Test
  void an_illegal_move_is_an_error_that_names_both_states() {
    DaemonException e =
        assertThrows(
            DaemonException.class, () -> DaemonStatus.STOPPED.moveTo(DaemonStatus.RUNNING, "web"));
    assertEquals(ErrorCode.INVALID_STATE, e.code());
    assertEquals("web: cannot go from stopped to running", e.getMessage());
  }

  @Test
  void every_state_can_be_left_and_a_terminal_one_only_by_a_start() {
    for (State from : State.values()) {
      boolean terminal = from == State.STOPPED || from == State.FAILED;
      for (State to : State.values()) {
        if (terminal) {
          assertEquals(to == State.STARTING, from.canMoveTo(to), from + " to " + to);
        }
        assertFalse(from == to && from.canMoveTo(to), "no move from " + from + " to itself");
        assertFalse(to == State.CREATED && from.canMoveTo(to), "nothing becomes created again");
      }
    }
    assertFalse(State.CREATED.canMoveTo(State.RUNNING), "nothing runs without having been started");
    assertFalse(State.STOPPING.canMoveTo(State.RUNNING), "what was asked to end does not run on");
  }

  @Test
  void a_reason_belongs_to_failed_and_to_nothing_else() {
    assertThrows(
        IllegalArgumentException.class, () -> new DaemonStatus(State.FAILED, Optional.empty()));
    assertThrows(
        IllegalArgumentException.class,
        () -> new DaemonStatus(State.RUNNING, Optional.of(new FailureReason.ExitCode(1))));
  }

  @Test
  void terminal_active_and_signallable_divide_the_states() {
    assertTrue(FAILED.isTerminal());
    assertTrue(DaemonStatus.STOPPED.isTerminal());
    assertFalse(DaemonStatus.CREATED.isTerminal());
    for (DaemonStatus s :
        new DaemonStatus[] {
          DaemonStatus.STARTING, DaemonStatus.RUNNING, DaemonStatus.PAUSED, DaemonStatus.STOPPING
        }) {
      assertTrue(s.isActive(), s.toString());
      assertFalse(s.isTerminal(), s.toString());
    }
    assertTrue(DaemonStatus.RUNNING.canSignal());
    assertTrue(DaemonStatus.PAUSED.canSignal());
    assertFalse(DaemonStatus.STARTING.canSignal());
    assertFalse(FAILED.canSignal());
  }

  @Test
  void a_failed_status_prints_its_reason() {
    assertEquals("failed (exit code 3)", FAILED.toString());
    assertEquals("running", DaemonStatus.RUNNING.toString());
  }
}
