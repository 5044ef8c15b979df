package com.paiml.duende.ublk.serve;

import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.ring.Raw;
import java.lang.foreign.MemorySegment;

/**
 * The requests of a queue as the kernel describes them, struct ublksrv_io_desc, and the buffers that go with them. One thread.
 */
final class Requests {
  private final long descriptions;
  private final MemorySegment buffers;
  private final long buffersAt;
  private final int bufferBytes;
  private final MemorySegment[] slices;
  private final int perTag;

  Requests(MemorySegment descriptions, MemorySegment buffers, int bufferBytes, int depth) {
    this.descriptions = descriptions.address();
    this.buffersAt = buffers.address();
    this.buffers = buffers;
    this.bufferBytes = bufferBytes;
    this.perTag = bufferBytes >> 9;
    this.slices = new MemorySegment[depth * perTag];
  }

  int operation(int tag) {
    return Raw.getInt(descriptions + Uapi.DESC_SIZE * tag + Uapi.DESC_OP_FLAGS) & 0xff;
  }

  int flags(int tag) {
    return Raw.getInt(descriptions + Uapi.DESC_SIZE * tag + Uapi.DESC_OP_FLAGS);
  }

  long offset(int tag) {
    return Raw.getLong(descriptions + Uapi.DESC_SIZE * tag + Uapi.DESC_START) << 9;
  }

  /** Bytes; more than a buffer has for requests that carry no data. */
  long length(int tag) {
    return Integer.toUnsignedLong(
            Raw.getInt(descriptions + Uapi.DESC_SIZE * tag + Uapi.DESC_SECTORS))
        << 9;
  }

  /** The most that a request may carry. */
  long bufferBytes() {
    return bufferBytes;
  }

  long bufferAddress(int tag) {
    return buffersAt + (long) tag * bufferBytes;
  }

  /** The buffer of a tag, as long as its request. Made once for each length that occurs, so that serving allocates nothing. */
  MemorySegment buffer(int tag, long length) {
    int slot = tag * perTag + (int) (length >> 9) - 1;
    MemorySegment slice = slices[slot];
    if (slice == null) {
      slice = buffers.asSlice((long) tag * bufferBytes, length);
      slices[slot] = slice;
    }
    return slice;
  }
}
