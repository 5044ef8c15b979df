package com.paiml.duende.adapter.container.engine;

import java.util.Map;

/**
 * A container as its engine sees it now.
 *
 * @param id the engine's own
 * @param name without a slash before it
 * @param labels all of them
 * @param phase where it is in its life
 * @param pid of its first process, as the engine numbers processes; 0 when it does not run
 * @param exitCode of its last run; 0 when it never ran; {@link #EXIT_UNKNOWN}
 * @param outOfMemory whether the engine says that the kernel killed for want of memory
 * @param started when its last run began, in the engine's words; empty when it never ran
 * @param restarts how often the engine started it again by itself
 * @param error what the engine says went wrong; may be empty
 * @param details more to show
 */
public record ContainerState(
    String id,
    String name,
    Map<String, String> labels,
    Phase phase,
    long pid,
    int exitCode,
    boolean outOfMemory,
    String started,
    long restarts,
    String error,
    Map<String, String> details) {
  /** The exit code of what has ended without the engine's knowing how. */
  public static final int EXIT_UNKNOWN = -1;

  /** Where a container is in its life. */
  public enum Phase {
    CREATED,
    RUNNING,
    PAUSED,
    /** Between two runs: the engine is going to start it again. */
    RESTARTING,
    ENDED
  }

  public ContainerState {
    labels = Map.copyOf(labels);
    details = Map.copyOf(details);
  }

  public boolean isAlive() {
    return phase == Phase.RUNNING || phase == Phase.PAUSED;
  }
}
