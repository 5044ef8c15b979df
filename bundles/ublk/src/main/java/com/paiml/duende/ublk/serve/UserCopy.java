package com.paiml.duende.ublk.serve;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.ring.Transfers;

/**
 * The data of requests, where the server copies it: it is in the device's own file, at a place for each tag. What is in memory
 * anyway is copied once instead of twice, at the price of a system call.
 */
final class UserCopy {
  private static final int EIO = -Errno.EIO.number();

  private final Transfers device;
  private final long base;

  UserCopy(Transfers device, int queue) {
    this.device = device;
    this.base = Uapi.IO_BUF_OFFSET + ((long) queue << Uapi.IO_BUF_QUEUE_SHIFT);
  }

  private long place(int tag) {
    return base + ((long) tag << Uapi.IO_BUF_TAG_SHIFT);
  }

  /** What is written by this request. Returns 0, or a negative errno. */
  int take(int tag, long address, long length) {
    return whole(device.read(address, (int) length, place(tag)), length);
  }

  /** What was read for this request. Returns 0, or a negative errno. */
  int give(int tag, long address, long length) {
    return whole(device.write(address, (int) length, place(tag)), length);
  }

  private static int whole(int moved, long length) {
    if (moved < 0) {
      return moved;
    }
    return moved == length ? 0 : EIO;
  }
}
