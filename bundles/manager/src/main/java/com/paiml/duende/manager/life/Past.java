package com.paiml.duende.manager.life;

import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import java.util.Optional;

/**
 * What is known of a daemon from before the manager was started.
 *
 * @param wish whether it is to run
 * @param generation number of its last run; 0 when there was none
 * @param handle of the last run
 * @param open whether that run had not ended as far as is known
 * @param ready whether that run was ready
 * @param status at the end of the last run, where it has ended
 * @param lastExit how the last run ended
 * @param restarts how often it was started again
 */
public record Past(
    boolean wish,
    long generation,
    Optional<DaemonHandle> handle,
    boolean open,
    boolean ready,
    DaemonStatus status,
    Optional<ExitReason> lastExit,
    long restarts) {
  /** Never started. */
  public static final Past NONE =
      new Past(false, 0, Optional.empty(), false, false, DaemonStatus.CREATED, Optional.empty(), 0);
}
