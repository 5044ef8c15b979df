package com.paiml.duende.ublk.serve;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.ring.Ring;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes a file on the queue's own ring, by the entry {@code depth + tag}, which goes straight between the file and
 * the request's buffer. What the file answers is what the block layer hears: EIO is EIO, ENOSPC is ENOSPC. A request that was
 * done in part is gone on with.
 */
final class RingService implements Service {
  /** linux/fs.h: RWF_DSYNC. */
  private static final int WRITE_THROUGH = 2;

  /** linux/falloc.h: KEEP_SIZE with PUNCH_HOLE, and with ZERO_RANGE. */
  private static final int PUNCH = 1 | 2;

  private static final int ZERO = 1 | 0x10;
  private static final int EIO = -Errno.EIO.number();
  private static final int EAGAIN = -Errno.EAGAIN.number();
  private static final int EINTR = -Errno.EINTR.number();

  private final Ring ring;
  private final MemorySegment entries;
  private final Requests requests;
  private final @Nullable UserCopy copy;
  private final boolean withoutCopy;
  private final int depth;
  private final int file;
  private final int[] done;

  /** @param withoutCopy whether the pages of a request are the ring's buffer of its tag */
  RingService(
      Ring ring,
      Requests requests,
      @Nullable UserCopy copy,
      boolean withoutCopy,
      int depth,
      int file) {
    this.ring = ring;
    this.entries = ring.entries();
    this.requests = requests;
    this.copy = copy;
    this.withoutCopy = withoutCopy;
    this.depth = depth;
    this.file = file;
    this.done = new int[depth];
  }

  @Override
  public int serve(int tag) {
    done[tag] = 0;
    if (copy != null && requests.operation(tag) == Uapi.IO_OP_WRITE) {
      int taken = copy.take(tag, requests.bufferAddress(tag), requests.length(tag));
      if (taken < 0) {
        return taken;
      }
    }
    return begin(tag);
  }

  private int begin(int tag) {
    long at = ring.entry(depth + tag);
    long offset = requests.offset(tag);
    int flags = requests.flags(tag);
    switch (requests.operation(tag)) {
      case Uapi.IO_OP_READ ->
          data(at, tag, withoutCopy ? Uapi.IORING_OP_READ_FIXED : Uapi.IORING_OP_READ, 0);
      case Uapi.IO_OP_WRITE ->
          data(
              at,
              tag,
              withoutCopy ? Uapi.IORING_OP_WRITE_FIXED : Uapi.IORING_OP_WRITE,
              (flags & Uapi.IO_F_FUA) != 0 ? WRITE_THROUGH : 0);
      case Uapi.IO_OP_FLUSH ->
          fill(at, tag, Uapi.IORING_OP_FSYNC, 0, 0, 0, Uapi.IORING_FSYNC_DATASYNC);
      case Uapi.IO_OP_DISCARD ->
          fill(at, tag, Uapi.IORING_OP_FALLOCATE, offset, requests.length(tag), PUNCH, 0);
      case Uapi.IO_OP_WRITE_ZEROES ->
          fill(
              at,
              tag,
              Uapi.IORING_OP_FALLOCATE,
              offset,
              requests.length(tag),
              (flags & Uapi.IO_F_NOUNMAP) != 0 ? ZERO : PUNCH,
              0);
      default -> {
        return -Errno.EOPNOTSUPP.number();
      }
    }
    ring.push(depth + tag);
    return LATER;
  }

  private void data(long at, int tag, int operation, int flags) {
    int from = done[tag];
    fill(
        at,
        tag,
        operation,
        requests.offset(tag) + from,
        (withoutCopy ? 0 : requests.bufferAddress(tag)) + from,
        (int) requests.length(tag) - from,
        flags);
  }

  private void fill(
      long at, int tag, int operation, long offset, long address, int length, int flags) {
    entries.set(ValueLayout.JAVA_INT, at, operation); // and no flags, no priority
    entries.set(ValueLayout.JAVA_INT, at + Uapi.SQE_FD, file);
    entries.set(ValueLayout.JAVA_LONG, at + Uapi.SQE_OFF, offset);
    entries.set(ValueLayout.JAVA_LONG, at + Uapi.SQE_ADDR, address);
    entries.set(ValueLayout.JAVA_INT, at + Uapi.SQE_LEN, length);
    entries.set(ValueLayout.JAVA_INT, at + Uapi.SQE_RW_FLAGS, flags);
    entries.set(ValueLayout.JAVA_LONG, at + Uapi.SQE_USER_DATA, Queue.FILE | tag);
    boolean fixed =
        operation == Uapi.IORING_OP_READ_FIXED || operation == Uapi.IORING_OP_WRITE_FIXED;
    entries.set(ValueLayout.JAVA_SHORT, at + Uapi.SQE_BUF_INDEX, (short) (fixed ? tag : 0));
  }

  @Override
  public int completed(int tag, int result) {
    if (result == EAGAIN || result == EINTR) {
      return begin(tag);
    }
    int operation = requests.operation(tag);
    if (operation == Uapi.IO_OP_FLUSH || result < 0) {
      return result;
    }
    int length = (int) requests.length(tag);
    if (operation > Uapi.IO_OP_WRITE) {
      return length; // fallocate does all or nothing
    }
    done[tag] += result;
    if (done[tag] == length) {
      int given =
          copy != null && operation == Uapi.IO_OP_READ
              ? copy.give(tag, requests.bufferAddress(tag), length)
              : 0;
      return given < 0 ? given : length;
    }
    return result == 0 ? EIO : begin(tag); // 0: the file ends sooner than the device
  }
}
