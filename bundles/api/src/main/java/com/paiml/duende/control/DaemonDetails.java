package com.paiml.duende.control;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.PlatformStatus;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Everything about one daemon.
 *
 * @param info its summary
 * @param config its configuration
 * @param origin where the configuration came from
 * @param stateDirectory its own directory
 * @param handle what identifies the run, where there is one
 * @param platform what the platform says now, read back: processes, limits in force
 * @param events its last events, oldest first, at most 50
 * @param probes what its probes cost so far
 */
public record DaemonDetails(
    DaemonInfo info,
    DaemonConfig config,
    String origin,
    Path stateDirectory,
    Optional<DaemonHandle> handle,
    Optional<PlatformStatus> platform,
    List<DaemonEvent> events,
    ProbeCost probes) {

  /**
   * @param probes how many were made
   * @param failures how many failed
   * @param totalNanos time they took together, nanoseconds
   */
  public record ProbeCost(long probes, long failures, long totalNanos) {}
}
