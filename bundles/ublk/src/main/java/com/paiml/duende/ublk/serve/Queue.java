package com.paiml.duende.ublk.serve;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.ring.Raw;
import com.paiml.duende.ublk.ring.Ring;
import com.paiml.duende.ublk.ring.Syscalls;
import com.paiml.duende.ublk.ring.Transfers;
import com.paiml.duende.ublk.targets.Backing;
import com.paiml.duende.ublk.targets.Called;
import com.paiml.duende.ublk.targets.OnRing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One hardware queue. Each tag is always either with the kernel, which may give it a request at any time, or here, being
 * served; its entry in the ring is filled once and tells the result of the last request and asks for the next. The loop takes
 * no lock and allocates nothing.
 */
final class Queue {
  /** Marks a completion of an operation on a file; the rest is the tag. */
  static final long FILE = 1L << 32;

  /** Marks the completion that says: leave. */
  private static final long LEAVE = 1L << 33;

  private static final int POLLIN = 1;
  private static final long NO_BUFFERS = 4096;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final int EAGAIN = -Errno.EAGAIN.number();
  private static final int EBUSY = -Errno.EBUSY.number();

  private final Syscalls calls;
  private final int number;
  private final int depth;
  private final int device;
  private final Descriptor bell;
  private final Ring ring;
  private final MemorySegment entries;
  private final MemorySegment descriptions;
  private final MemorySegment buffers;
  private final Requests requests;
  private final @Nullable UserCopy copy;
  private final boolean withoutCopy;
  private final Service service;
  private final AtomicLong served = new AtomicLong();
  private final AtomicLong entered = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();

  /**
   * Prepares it, on the thread that will serve it.
   *
   * @param device descriptor of the device's own file
   * @param copying how the device was added
   */
  Queue(
      Syscalls calls,
      int device,
      int number,
      int depth,
      int maxIo,
      Backing backing,
      DeviceSpec.Copy copying,
      Consumer<Throwable> thrown)
      throws LinuxException {
    this.calls = calls;
    this.number = number;
    this.depth = depth;
    this.device = device;
    this.bell = bell(calls);
    this.ring = Ring.open(calls, 2 * depth + 1, false);
    this.entries = ring.entries();
    long bytes = (depth * Uapi.DESC_SIZE + 4095) & ~4095L;
    long stride = Uapi.MAX_QUEUE_DEPTH * Uapi.DESC_SIZE;
    this.descriptions =
        calls.map(
            bytes,
            Syscalls.PROT_READ,
            Syscalls.MAP_SHARED | Syscalls.MAP_POPULATE,
            device,
            number * stride);
    this.withoutCopy = copying == DeviceSpec.Copy.NONE;
    if (withoutCopy) {
      ring.reserveBuffers(depth);
    }
    this.buffers = calls.memory(withoutCopy ? NO_BUFFERS : (long) depth * maxIo);
    this.requests = new Requests(descriptions, buffers, withoutCopy ? 0 : maxIo, depth);
    this.copy =
        copying == DeviceSpec.Copy.USER ? new UserCopy(new Transfers(calls, device), number) : null;
    this.service =
        switch (backing) {
          case Called called -> new CalledService(called.target(), requests, copy, thrown);
          case OnRing file ->
              new RingService(ring, requests, copy, withoutCopy, depth, file.file().number());
        };
  }

  private static Descriptor bell(Syscalls calls) throws LinuxException {
    long made = calls.call("eventfd2", 0, Syscalls.O_CLOEXEC, 0);
    return calls.adopt((int) Syscalls.check(made, "eventfd2", "queue"));
  }

  long served() {
    return served.getOpaque();
  }

  long entered() {
    return entered.getOpaque();
  }

  long failed() {
    return failed.getOpaque();
  }

  /** Gives every tag to the kernel. */
  void fetch() throws LinuxException {
    for (int tag = 0; tag < depth; tag++) {
      long at = ring.entry(tag);
      MemorySegment _ = entries.asSlice(at, 64).fill((byte) 0);
      entries.set(INT, at, Uapi.IORING_OP_URING_CMD);
      entries.set(INT, at + Uapi.SQE_FD, device);
      entries.set(INT, at + Uapi.SQE_CMD_OP, Uapi.FETCH);
      entries.set(LONG, at + Uapi.SQE_USER_DATA, tag);
      entries.set(SHORT, at + Uapi.IO_QUEUE, (short) number);
      entries.set(SHORT, at + Uapi.IO_TAG, (short) tag);
      entries.set(INT, at + Uapi.IO_RESULT, -1);
      boolean ours = copy == null && !withoutCopy;
      entries.set(LONG, at + Uapi.IO_ADDR, ours ? requests.bufferAddress(tag) : 0);
      // struct ublk_auto_buf_reg in the place of an address: which of the ring's buffers the
      // request's pages become.
      entries.set(LONG, at + Uapi.SQE_ADDR, withoutCopy ? tag : 0);
      ring.push(tag);
    }
    long at = ring.entry(2 * depth);
    MemorySegment _ = entries.asSlice(at, 64).fill((byte) 0);
    entries.set(INT, at, Uapi.IORING_OP_POLL_ADD);
    entries.set(INT, at + Uapi.SQE_FD, bell.number());
    entries.set(INT, at + Uapi.SQE_RW_FLAGS, POLLIN);
    entries.set(LONG, at + Uapi.SQE_USER_DATA, LEAVE);
    ring.push(2 * depth);
    int result = ring.enter(0);
    if (result < 0) {
      long _ = Syscalls.check(result, "io_uring_enter", "queue " + number);
    }
    for (int tag = 0; tag < depth; tag++) {
      entries.set(INT, ring.entry(tag) + Uapi.SQE_CMD_OP, Uapi.COMMIT_AND_FETCH);
    }
  }

  /** Serves until the kernel has given every tag back: the device was stopped. */
  void serve() throws LinuxException {
    int gone = 0;
    while (gone < depth) {
      int result = ring.enter(1);
      if (result < 0 && result != EAGAIN && result != EBUSY) {
        long _ = Syscalls.check(result, "io_uring_enter", "queue " + number);
      }
      gone += reap();
    }
  }

  /** A method of its own, so that it is compiled as one and not as the middle of an endless loop. */
  private int reap() {
    int gone = 0;
    int requestsSeen = 0;
    int head = ring.head();
    int end = ring.completed();
    for (; head != end; head++) {
      long data = ring.data(head);
      int result = ring.result(head);
      int tag = (int) data;
      if (data == LEAVE) {
        gone = depth;
      } else if ((data & FILE) != 0) {
        answer(tag, service.completed(tag, result));
      } else if (result != 0) {
        gone++; // -ENODEV: the device stops
      } else {
        requestsSeen++;
        answer(tag, service.serve(tag));
      }
    }
    ring.consume(head);
    served.setOpaque(served.getPlain() + requestsSeen);
    entered.setOpaque(entered.getPlain() + 1);
    return gone;
  }

  private void answer(int tag, int result) {
    if (result == Service.LATER) {
      return;
    }
    if (result < 0) {
      failed.setOpaque(failed.getPlain() + 1);
    }
    Raw.setInt(ring.entryAddress(tag) + Uapi.IO_RESULT, result);
    ring.push(tag);
  }

  /** Ends {@link #serve} from another thread, whatever is in flight: the kernel has it again when the ring is closed. */
  void leave() {
    try {
      byte[] one = {
        1, 0, 0, 0, 0, 0, 0, 0
      }; // a count of one; what is not zero will do in either byte order
      int _ = bell.write(one, 0, one.length);
    } catch (LinuxException closed) {
      // It has ended already, and its bell with it.
      assert bell.isClosed() : closed;
    }
  }

  /** Gives back what it has, after {@link #serve}. */
  void close() {
    ring.close();
    bell.close();
    calls.unmap(descriptions);
    calls.unmap(buffers);
  }
}
