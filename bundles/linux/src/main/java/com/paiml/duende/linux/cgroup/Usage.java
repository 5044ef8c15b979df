package com.paiml.duende.linux.cgroup;

import java.util.OptionalLong;

/**
 * What a group has taken; empty is what no controller of it counts.
 *
 * @param cpuNanos processor time since the group was made
 * @param cpuThrottled periods in which the quota held it back
 * @param memoryBytes memory now
 * @param memoryPeakBytes the most it ever was
 * @param processes processes and threads now
 * @param ioReadBytes read from disks
 * @param ioWrittenBytes written to disks
 * @param outOfMemoryKills processes that the kernel killed for the memory limit
 */
public record Usage(
    OptionalLong cpuNanos,
    OptionalLong cpuThrottled,
    OptionalLong memoryBytes,
    OptionalLong memoryPeakBytes,
    OptionalLong processes,
    OptionalLong ioReadBytes,
    OptionalLong ioWrittenBytes,
    OptionalLong outOfMemoryKills) {}
