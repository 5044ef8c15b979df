package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/** ppoll(2) on one descriptor. */
final class Poll {
  private static final short POLLIN = 1;

  private Poll() {}

  /** Waits until there is something to read, or the other side is gone. */
  static boolean readable(Kernel kernel, int fd, Duration atMost) throws LinuxException {
    long end = System.nanoTime() + atMost.toNanos();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment poll = arena.allocate(Layouts.POLLFD_SIZE, 8);
      MemorySegment time = arena.allocate(Layouts.TIMESPEC_SIZE, 8);
      while (true) {
        poll.set(Layouts.INT, 0, fd);
        poll.set(Layouts.SHORT, Layouts.POLLFD_EVENTS, POLLIN);
        long left = Math.max(0, end - System.nanoTime());
        time.set(Layouts.LONG, 0, left / 1_000_000_000L);
        time.set(Layouts.LONG, 8, left % 1_000_000_000L);
        long ready = kernel.raw(Call.PPOLL, poll.address(), 1, time.address(), 0, 8);
        if (Kernel.isErrno(ready, Errno.EINTR)) {
          continue;
        }
        return Kernel.check(ready, Call.PPOLL, "descriptor " + fd) > 0;
      }
    }
  }
}
