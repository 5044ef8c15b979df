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

  /** Whether the other one has the same figures, whenever it was read. */
  public boolean hasFiguresOf(UsageSample other) {
    return cpuNanos == other.cpuNanos
        && memoryBytes == other.memoryBytes
        && processes == other.processes
        && threads == other.threads
        && openFiles == other.openFiles
        && readBytes == other.readBytes
        && writeBytes == other.writeBytes
        && networkReceivedBytes == other.networkReceivedBytes
        && networkSentBytes == other.networkSentBytes
        && voluntarySwitches == other.voluntarySwitches
        && involuntarySwitches == other.involuntarySwitches
        && diskBytes == other.diskBytes
        && oomKills == other.oomKills;
  }
}
