package com.paiml.duende.control;

import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One daemon at one moment.
 *
 * @param name its name, with {@code .N} for one instance of several
 * @param id its id
 * @param version as configured
 * @param platform as configured
 * @param status its state
 * @param activity what it is doing in that state, for people: "backoff 4 s", "waits for db", "not ready"; may be empty
 * @param ready whether it is ready
 * @param pid its main process, where the platform has one
 * @param since when it entered this state
 * @param startedAt when the present or last run began
 * @param restarts how often it was started again since it was deployed
 * @param lastExit how the last run ended
 * @param health the last answer, where health is checked
 * @param restartBy who restarts it
 * @param adapterPresent whether its platform's adapter is there; if not, the rest is what was last known
 * @param generation number of its run, from 1; 0 before the first
 */
public record DaemonInfo(
    String name,
    DaemonId id,
    String version,
    String platform,
    DaemonStatus status,
    String activity,
    boolean ready,
    OptionalLong pid,
    Instant since,
    Optional<Instant> startedAt,
    long restarts,
    Optional<ExitReason> lastExit,
    Optional<HealthStatus> health,
    com.paiml.duende.api.DaemonConfig.RestartBy restartBy,
    boolean adapterPresent,
    long generation) {}
