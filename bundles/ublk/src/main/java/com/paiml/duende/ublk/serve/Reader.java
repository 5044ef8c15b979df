package com.paiml.duende.ublk.serve;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.ring.Ring;
import com.paiml.duende.ublk.ring.Syscalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/**
 * Reads the first block of a disk, past the page cache. On a ring, and so that the kernel never waits for a tag: a thread of
 * the server that waits inside the kernel for its own device cannot even be killed, and while it is there nobody else can take
 * the device over.
 */
public final class Reader {
  private static final int BYTES = 4096;

  /** linux/fs.h: RWF_NOWAIT. */
  private static final int NO_WAIT = 8;

  private final Syscalls calls;

  public Reader(Syscalls calls) {
    this.calls = calls;
  }

  /**
   * Reads it.
   *
   * @return bytes, or a negative errno: EAGAIN when every tag is in use, ETIME when the answer did not come in time
   */
  public int read(String path, Duration most) throws LinuxException {
    MemorySegment buffer = calls.memory(BYTES);
    boolean answered = true;
    try (Descriptor disk = calls.open(path, Syscalls.O_RDONLY | calls.direct());
        Ring ring = Ring.open(calls, 2, false)) {
      MemorySegment entry = ring.entries();
      MemorySegment _ = entry.asSlice(0, 64).fill((byte) 0);
      entry.set(ValueLayout.JAVA_INT, 0, Uapi.IORING_OP_READ);
      entry.set(ValueLayout.JAVA_INT, Uapi.SQE_FD, disk.number());
      entry.set(ValueLayout.JAVA_LONG, Uapi.SQE_ADDR, buffer.address());
      entry.set(ValueLayout.JAVA_INT, Uapi.SQE_LEN, BYTES);
      entry.set(ValueLayout.JAVA_INT, Uapi.SQE_RW_FLAGS, NO_WAIT);
      ring.push(0);
      long end = System.nanoTime() + most.toNanos();
      while (ring.head() == ring.completed()) {
        long left = end - System.nanoTime();
        if (left <= 0) {
          answered = false; // the kernel may still write to the buffer
          return -Errno.ETIME.number();
        }
        int result = ring.enter(Duration.ofNanos(left));
        if (result < 0) {
          return result;
        }
      }
      return ring.result(ring.head());
    } finally {
      if (answered) {
        calls.unmap(buffer);
      }
    }
  }
}
