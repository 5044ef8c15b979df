package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.manager.life.Phase;
import com.paiml.duende.spi.DaemonHandle;
import java.time.Instant;
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
 * @param since when it entered its state
 * @param startedAt when its present or last run began
 */
record View(
    DaemonInfo info,
    DaemonConfig config,
    Phase phase,
    Optional<DaemonHandle> handle,
    boolean live,
    boolean observed,
    Optional<DaemonException> fault,
    ClockOfDay.Moment since,
    Optional<ClockOfDay.Moment> startedAt) {
  boolean isActive() {
    return info.status().isActive();
  }

  /** What operators see, its times by the clock as it is set now. */
  DaemonInfo info(ClockOfDay clock) {
    Instant entered = clock.tell(since);
    Optional<Instant> began = startedAt.map(clock::tell);
    return entered.equals(info.since()) && began.equals(info.startedAt())
        ? info
        : new DaemonInfo(
            info.name(),
            info.id(),
            info.version(),
            info.platform(),
            info.status(),
            info.activity(),
            info.ready(),
            info.pid(),
            entered,
            began,
            info.restarts(),
            info.lastExit(),
            info.health(),
            info.restartBy(),
            info.adapterPresent(),
            info.generation());
  }
}
