package com.paiml.duende.api;

import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * The state of a daemon, with the reason when it has failed.
 *
 * @param state the state
 * @param reason present exactly when the state is {@link State#FAILED}
 */
public record DaemonStatus(State state, Optional<FailureReason> reason) {

  public static final DaemonStatus CREATED = of(State.CREATED);
  public static final DaemonStatus STARTING = of(State.STARTING);
  public static final DaemonStatus RUNNING = of(State.RUNNING);
  public static final DaemonStatus PAUSED = of(State.PAUSED);
  public static final DaemonStatus STOPPING = of(State.STOPPING);
  public static final DaemonStatus STOPPED = of(State.STOPPED);

  public DaemonStatus {
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(reason, "reason");
    if ((state == State.FAILED) != reason.isPresent()) {
      throw new IllegalArgumentException("a reason belongs to FAILED and to nothing else");
    }
  }

  public static DaemonStatus failed(FailureReason reason) {
    return new DaemonStatus(State.FAILED, Optional.of(reason));
  }

  private static DaemonStatus of(State state) {
    return new DaemonStatus(state, Optional.empty());
  }

  /** The states. A daemon that waits for its next restart is {@link #STARTING}. */
  public enum State {
    /** Deployed, never started. */
    CREATED,
    /** On its way: waiting for what it depends on, for its backoff, being spawned, or not yet ready. */
    STARTING,
    /** Running, and ready. */
    RUNNING,
    /** Its whole tree is stopped (SIGSTOP, freezer) until it is resumed. */
    PAUSED,
    /** Asked to end, not yet gone. */
    STOPPING,
    /** Ended as asked, or by itself and successfully. */
    STOPPED,
    /** Ended otherwise, and not to be started again unless asked. */
    FAILED;

    /** Whether a daemon may go from this state to that one. */
    public boolean canMoveTo(State next) {
      return switch (this) {
        case CREATED -> next == STARTING || next == STOPPED || next == FAILED;
        case STARTING -> next == RUNNING || next == STOPPING || next == STOPPED || next == FAILED;
        case RUNNING ->
            next == STARTING
                || next == PAUSED
                || next == STOPPING
                || next == STOPPED
                || next == FAILED;
        case PAUSED ->
            next == STARTING
                || next == RUNNING
                || next == STOPPING
                || next == STOPPED
                || next == FAILED;
        case STOPPING -> next == STARTING || next == STOPPED || next == FAILED;
        case STOPPED, FAILED -> next == STARTING;
      };
    }
  }

  /** Ended, and nothing of it is left running. */
  public boolean isTerminal() {
    return state == State.STOPPED || state == State.FAILED;
  }

  /** Something of it may be running. */
  public boolean isActive() {
    return switch (state) {
      case STARTING, RUNNING, PAUSED, STOPPING -> true;
      case CREATED, STOPPED, FAILED -> false;
    };
  }

  /** A signal can reach it. */
  public boolean canSignal() {
    return state == State.RUNNING || state == State.PAUSED;
  }

  /**
   * This status, having moved.
   *
   * @throws DaemonException with {@link ErrorCode#INVALID_STATE}, naming both states, when the move is not allowed
   */
  public DaemonStatus moveTo(DaemonStatus next, String daemon) throws DaemonException {
    if (!state.canMoveTo(next.state)) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          daemon,
          "cannot go from "
              + state.name().toLowerCase(Locale.ROOT)
              + " to "
              + next.state.name().toLowerCase(Locale.ROOT),
          "");
    }
    return next;
  }

  @Override
  public String toString() {
    String name = state.name().toLowerCase(Locale.ROOT);
    return reason.map(r -> name + " (" + r.describe() + ")").orElse(name);
  }
}
