package com.paiml.duende.ublk.control;

import java.util.Optional;

/**
 * Which process added a device: kept in the 64 bits that the kernel stores for servers and never looks at. From it an orphan
 * is told from a device that is just being started, whose state in the kernel is the same.
 *
 * @param pid number of the process, in its pid namespace
 * @param start low 22 bits of its start time in clock ticks since boot
 * @param namespace low 8 bits of its pid namespace's inode: elsewhere the pid means nothing
 */
public record ServerMark(int pid, int start, int namespace) {
  private static final long DUENDE = 0xD0EL;
  private static final int BITS = 22;
  private static final int MASK = (1 << BITS) - 1;

  public ServerMark {
    pid &= MASK;
    start &= MASK;
    namespace &= 0xff;
  }

  long bits() {
    return DUENDE << 52 | (long) namespace << 44 | (long) pid << BITS | start;
  }

  static Optional<ServerMark> of(long bits) {
    return bits >>> 52 == DUENDE
        ? Optional.of(
            new ServerMark(
                (int) (bits >>> BITS) & MASK, (int) bits & MASK, (int) (bits >>> 44) & 0xff))
        : Optional.empty();
  }
}
