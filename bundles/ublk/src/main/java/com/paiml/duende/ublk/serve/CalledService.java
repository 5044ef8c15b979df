package com.paiml.duende.ublk.serve;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.spi.BlockTarget;
import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.targets.MemoryTarget;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Calls a {@link BlockTarget}. What it throws fails its request with EIO, and is told. */
final class CalledService implements Service {
  private static final int EIO = -Errno.EIO.number();

  private final BlockTarget target;
  private final Requests requests;
  private final @Nullable UserCopy copy;
  private final Consumer<Throwable> thrown;

  CalledService(
      BlockTarget target, Requests requests, @Nullable UserCopy copy, Consumer<Throwable> thrown) {
    this.target = target;
    this.requests = requests;
    this.copy = copy;
    this.thrown = thrown;
  }

  @Override
  public int serve(int tag) {
    try {
      return call(tag);
    } catch (RuntimeException | LinkageError | AssertionError | VirtualMachineError fault) {
      thrown.accept(fault);
      return EIO;
    }
  }

  private int call(int tag) {
    long offset = requests.offset(tag);
    long length = requests.length(tag);
    int result =
        switch (requests.operation(tag)) {
          case Uapi.IO_OP_READ -> read(tag, offset, length);
          case Uapi.IO_OP_WRITE -> write(tag, offset, length);
          case Uapi.IO_OP_FLUSH -> target.flush();
          case Uapi.IO_OP_DISCARD, Uapi.IO_OP_WRITE_ZEROES -> target.discard(offset, length);
          default -> -Errno.EOPNOTSUPP.number();
        };
    return result < 0 || requests.operation(tag) == Uapi.IO_OP_FLUSH ? result : (int) length;
  }

  private int read(int tag, long offset, long length) {
    if (copy == null) {
      if (target instanceof MemoryTarget memory) {
        return memory.give(offset, requests.bufferAddress(tag), buffered(length));
      }
      return target.read(offset, requests.buffer(tag, length));
    }
    if (target instanceof MemoryTarget memory) {
      return copy.give(tag, memory.address(offset), length);
    }
    int result = target.read(offset, requests.buffer(tag, length));
    return result == 0 ? copy.give(tag, requests.bufferAddress(tag), length) : result;
  }

  private int take(int tag, long offset, long length) {
    if (copy == null) {
      if (target instanceof MemoryTarget memory) {
        return memory.take(offset, requests.bufferAddress(tag), buffered(length));
      }
      return target.write(offset, requests.buffer(tag, length));
    }
    if (target instanceof MemoryTarget memory) {
      return copy.take(tag, memory.address(offset), length);
    }
    int taken = copy.take(tag, requests.bufferAddress(tag), length);
    return taken == 0 ? target.write(offset, requests.buffer(tag, length)) : taken;
  }

  /** A length that a buffer has room for, or the exception that a segment of the buffer would throw. */
  private long buffered(long length) {
    long _ = Objects.checkFromIndexSize(0, length, requests.bufferBytes());
    return length;
  }

  private int write(int tag, long offset, long length) {
    int result = take(tag, offset, length);
    boolean through = (requests.flags(tag) & Uapi.IO_F_FUA) != 0;
    return result == 0 && through ? target.flush() : result;
  }

  @Override
  public int completed(int tag, int result) {
    return EIO; // it puts nothing on the ring
  }
}
