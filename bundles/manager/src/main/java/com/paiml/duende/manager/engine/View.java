package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.manager.life.Phase;
import com.paiml.duende.spi.DaemonHandle;
import java.util.Optional;

/**
 * One daemon as everybody sees it at one moment.
 *
 * @param info what operators see
 * @param config in force
 * @param phase finer than its state
 * @param handle of the present run, or of the last one until it is cleared away
 * @param live whether a run is there
 * @param observed whether an adapter looks after it
 * @param fault of the last call to the adapter
 */
record View(
    DaemonInfo info,
    DaemonConfig config,
    Phase phase,
    Optional<DaemonHandle> handle,
    boolean live,
    boolean observed,
    Optional<DaemonException> fault) {
  boolean isActive() {
    return info.status().isActive();
  }
}
