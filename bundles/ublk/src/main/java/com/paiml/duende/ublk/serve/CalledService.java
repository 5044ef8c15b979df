package com.paiml.duende.ublk.serve;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.spi.BlockTarget;
import com.paiml.duende.ublk.control.Uapi;
import java.util.function.Consumer;

/** Calls a {@link BlockTarget}. What it throws fails its request with EIO, and is told. */
final class CalledService implements Service {
  private static final int EIO = -Errno.EIO.number();

  private final BlockTarget target;
  private final Requests requests;
  private final Consumer<Throwable> thrown;

  CalledService(BlockTarget target, Requests requests, Consumer<Throwable> thrown) {
    this.target = target;
    this.requests = requests;
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
          case Uapi.IO_OP_READ -> target.read(offset, requests.buffer(tag, length));
          case Uapi.IO_OP_WRITE -> write(tag, offset, length);
          case Uapi.IO_OP_FLUSH -> target.flush();
          case Uapi.IO_OP_DISCARD, Uapi.IO_OP_WRITE_ZEROES -> target.discard(offset, length);
          default -> -Errno.EOPNOTSUPP.number();
        };
    return result < 0 || requests.operation(tag) == Uapi.IO_OP_FLUSH ? result : (int) length;
  }

  private int write(int tag, long offset, long length) {
    int result = target.write(offset, requests.buffer(tag, length));
    boolean through = (requests.flags(tag) & Uapi.IO_F_FUA) != 0;
    return result == 0 && through ? target.flush() : result;
  }

  @Override
  public int completed(int tag, int result) {
    return EIO; // it puts nothing on the ring
  }
}
