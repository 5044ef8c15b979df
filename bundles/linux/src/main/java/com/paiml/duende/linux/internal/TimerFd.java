package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.Timer;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/** timerfd_create(2) on CLOCK_MONOTONIC. */
final class TimerFd implements Timer {
  private static final int CLOCK_MONOTONIC = 1;

  private final Kernel kernel;
  private final Fd fd;

  private TimerFd(Kernel kernel, Fd fd) {
    this.kernel = kernel;
    this.fd = fd;
  }

  static TimerFd create(Kernel kernel) throws LinuxException {
    long fd =
        kernel.raw(Call.TIMERFD_CREATE, CLOCK_MONOTONIC, Kernel.O_CLOEXEC | Kernel.O_NONBLOCK);
    return new TimerFd(
        kernel, new Fd(kernel, (int) Kernel.check(fd, Call.TIMERFD_CREATE, "a timer")));
  }

  @Override
  public Descriptor descriptor() {
    return fd;
  }

  @Override
  public void arm(Duration first, Duration every) throws LinuxException {
    // A first time of zero would disarm it.
    set(
        first.isPositive() ? first : Duration.ofNanos(1),
        every.isNegative() ? Duration.ZERO : every);
  }

  @Override
  public void disarm() throws LinuxException {
    set(Duration.ZERO, Duration.ZERO);
  }

  private void set(Duration first, Duration every) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment spec = arena.allocate(Layouts.ITIMERSPEC_SIZE, 8);
      spec.set(Layouts.LONG, 0, every.getSeconds());
      spec.set(Layouts.LONG, 8, every.getNano());
      spec.set(Layouts.LONG, 16, first.getSeconds());
      spec.set(Layouts.LONG, 24, first.getNano());
      long result = fd.use(n -> kernel.raw(Call.TIMERFD_SETTIME, n, 0, spec.address(), 0));
      Kernel.check(result, Call.TIMERFD_SETTIME, "a timer of " + first);
    }
  }

  @Override
  public long expirations() throws LinuxException {
    byte[] count = new byte[8];
    return fd.read(count, 0, 8) < 8
        ? 0
        : ByteBuffer.wrap(count).order(ByteOrder.nativeOrder()).getLong();
  }

  @Override
  public void close() {
    fd.close();
  }
}
