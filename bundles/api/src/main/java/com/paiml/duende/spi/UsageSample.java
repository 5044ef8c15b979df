package com.paiml.duende.spi;

import java.time.Instant;

/**
 * What a daemon's whole tree uses. A figure that the platform does not give is {@link #UNKNOWN}.
 *
 * @param time when it was read
 * @param cpuNanos processor time used since the run began
 * @param memoryBytes resident now
 * @param processes now
 * @param threads now
 * @param openFiles descriptors now
 * @param readBytes read from storage since the run began
 * @param writeBytes written to storage
 * @param networkReceivedBytes likewise
 * @param networkSentBytes likewise
 * @param voluntarySwitches context switches by waiting
 * @param involuntarySwitches context switches by being preempted
 * @param diskBytes the daemon's own space: state and log
 * @param oomKills kills by the kernel for want of memory
 */
public record UsageSample(
    Instant time,
    long cpuNanos,
    long memoryBytes,
    long processes,
    long threads,
    long openFiles,
    long readBytes,
    long writeBytes,
    long networkReceivedBytes,
    long networkSentBytes,
    long voluntarySwitches,
    long involuntarySwitches,
    long diskBytes,
    long oomKills) {
  public static final long UNKNOWN = -1;
}
