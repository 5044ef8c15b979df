package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.Wakeup;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** eventfd(2), not blocking. */
final class EventCounter implements Wakeup {
  private static final byte[] ONE =
      ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(1).array();

  private final Fd fd;

  private EventCounter(Fd fd) {
    this.fd = fd;
  }

  static EventCounter create(Kernel kernel) throws LinuxException {
    long fd = kernel.raw(Call.EVENTFD2, 0, Kernel.O_CLOEXEC | Kernel.O_NONBLOCK);
    return new EventCounter(new Fd(kernel, (int) Kernel.check(fd, Call.EVENTFD2, "a counter")));
  }

  @Override
  public Descriptor descriptor() {
    return fd;
  }

  @Override
  public void signal() throws LinuxException {
    // -1 would mean that the counter is full: then it is readable all the same.
    int written = fd.write(ONE, 0, 8);
    assert written == 8 || written == -1;
  }

  @Override
  public long take() throws LinuxException {
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
