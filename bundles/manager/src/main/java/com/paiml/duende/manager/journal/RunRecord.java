package com.paiml.duende.manager.journal;

import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import java.time.Instant;
import java.util.Optional;

/**
 * The last run of a daemon, as far as it is known.
 *
 * @param handle what identifies it; empty when it was cleared away
 * @param generation its number
 * @param inProcess whether it lived in a JVM of the container
 * @param startedAt when it began
 * @param ready whether it was ready
 * @param open whether its end is not known
 * @param exit how it ended
 * @param restarts how often the daemon was started again
 * @param status what became of the daemon; only of interest when the run is not open
 * @param byShutdown whether it was stopped because all were
 */
public record RunRecord(
    Optional<DaemonHandle> handle,
    long generation,
    boolean inProcess,
    Instant startedAt,
    boolean ready,
    boolean open,
    Optional<ExitReason> exit,
    long restarts,
    DaemonStatus status,
    boolean byShutdown) {}
