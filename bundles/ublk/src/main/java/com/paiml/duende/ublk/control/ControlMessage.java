package com.paiml.duende.ublk.control;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * One command of the control device, as it lies in memory: an entry of the ring with a {@code struct ublksrv_ctrl_cmd}, and the
 * buffer that it points to. In the buffer of one that names its device comes first the path of the device's file, with its NUL,
 * and then what the command carries: so the kernel wants it for a device of an unprivileged process, whose file decides who may.
 *
 * @param operation {@code UBLK_U_CMD_}
 * @param id the device; -1 for none
 * @param length bytes that it carries, to the kernel or from it
 * @param data its one word
 * @param named whether it names its device
 * @see <a href="https://docs.kernel.org/block/ublk.html">Userspace block device driver, un-privileged ublk device</a>
 */
record ControlMessage(int operation, int id, int length, long data, boolean named) {
  private static final int ALIGNED = 8;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;

  /** Bytes of the buffer. */
  int size() {
    return pathLength() + length;
  }

  /** Bytes of the path, with NULs up to a multiple of eight; 0 without one. */
  int pathLength() {
    return named ? (path().length + ALIGNED) & -ALIGNED : 0;
  }

  private byte[] path() {
    return DeviceInfo.charPath(id).getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Writes it.
   *
   * @param entry 128 bytes of a ring
   * @param control descriptor of the control device
   * @param exchange the buffer, zeroed, of {@link #size}
   * @param carried what it carries
   */
  void fill(MemorySegment entry, int control, MemorySegment exchange, MemorySegment carried) {
    if (named) {
      MemorySegment _ = exchange.asSlice(0, path().length).copyFrom(MemorySegment.ofArray(path()));
    }
    MemorySegment.copy(carried, 0, exchange, pathLength(), length);
    MemorySegment _ = entry.asSlice(0, 128).fill((byte) 0);
    entry.set(ValueLayout.JAVA_BYTE, 0, (byte) Uapi.IORING_OP_URING_CMD);
    entry.set(INT, Uapi.SQE_FD, control);
    entry.set(INT, Uapi.SQE_CMD_OP, operation);
    entry.set(INT, Uapi.CTRL_DEV_ID, id);
    entry.set(SHORT, Uapi.CTRL_QUEUE_ID, (short) -1);
    entry.set(SHORT, Uapi.CTRL_LEN, (short) size());
    entry.set(LONG, Uapi.CTRL_ADDR, size() == 0 ? 0 : exchange.address());
    entry.set(LONG, Uapi.CTRL_DATA, data);
    entry.set(SHORT, Uapi.CTRL_PATH_LEN, (short) pathLength());
  }

  /** Gives back what the kernel has written. */
  void answer(MemorySegment exchange, MemorySegment carried) {
    MemorySegment.copy(exchange, pathLength(), carried, 0, length);
  }
}
