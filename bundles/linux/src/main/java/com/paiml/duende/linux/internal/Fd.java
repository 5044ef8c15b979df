package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A descriptor with a count of calls under way: close waits for the last of them, so that no call
 * reaches a number that the kernel has given to somebody else.
 */
final class Fd implements Descriptor {
  /** One call under way that may throw. */
  @FunctionalInterface
  interface Use<R> {
    R with(int number) throws LinuxException;
  }

  private static final int CLOSED = 1 << 30;

  private final Kernel kernel;
  private final int number;
  private final AtomicInteger uses = new AtomicInteger();

  Fd(Kernel kernel, int number) {
    this.kernel = kernel;
    this.number = number;
  }

  @Override
  public int number() throws LinuxException {
    if (isClosed()) {
      throw closed();
    }
    return number;
  }

  int acquire() throws LinuxException {
    int now;
    do {
      now = uses.get();
      if ((now & CLOSED) != 0) {
        throw closed();
      }
    } while (!uses.compareAndSet(now, now + 1));
    return number;
  }

  void release() {
    if (uses.decrementAndGet() == CLOSED) {
      closeNow();
    }
  }

  <R> R use(Use<R> call) throws LinuxException {
    int n = acquire();
    try {
      return call.with(n);
    } finally {
      release();
    }
  }

  @Override
  public int read(byte[] into, int offset, int length) throws LinuxException {
    return transfer(Call.READ, into, offset, length);
  }

  @Override
  public int write(byte[] from, int offset, int length) throws LinuxException {
    return transfer(Call.WRITE, from, offset, length);
  }

  /** pread64(2) into the whole array. */
  int readAt(long position, byte[] into) throws LinuxException {
    return use(
        n -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(into.length);
            long done = kernel.raw(Call.PREAD64, n, buffer.address(), into.length, position);
            Kernel.check(done, Call.PREAD64, "descriptor " + n);
            MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, into, 0, (int) done);
            return (int) done;
          }
        });
  }

  private int transfer(Call call, byte[] bytes, int offset, int length) throws LinuxException {
    return use(
        n -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(1, length));
            if (call == Call.WRITE) {
              MemorySegment.copy(bytes, offset, buffer, ValueLayout.JAVA_BYTE, 0, length);
            }
            long done;
            do {
              done = kernel.raw(call, n, buffer.address(), length);
            } while (Kernel.isErrno(done, Errno.EINTR));
            if (Kernel.isErrno(done, Errno.EAGAIN)) {
              return -1;
            }
            Kernel.check(done, call, "descriptor " + n);
            if (call == Call.READ) {
              MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, bytes, offset, (int) done);
            }
            return (int) done;
          }
        });
  }

  @Override
  public boolean isClosed() {
    return (uses.get() & CLOSED) != 0;
  }

  @Override
  public void close() {
    int now;
    do {
      now = uses.get();
      if ((now & CLOSED) != 0) {
        return;
      }
    } while (!uses.compareAndSet(now, now | CLOSED));
    if (now == 0) {
      closeNow();
    }
  }

  private void closeNow() {
    // Linux frees the number whatever close(2) returns, so there is nothing to do about an error.
    long ignored = kernel.raw(Call.CLOSE, number);
    assert ignored != -Errno.EBADF.number() : "descriptor " + number + " was closed by a stranger";
  }

  private LinuxException closed() {
    return new LinuxException(
        Errno.EBADF, "close", "descriptor " + number, "It was closed before: do not use it again.");
  }

  @Override
  public String toString() {
    return "fd " + number + (isClosed() ? " (closed)" : "");
  }
}
