package com.paiml.duende.ublk.targets;

import com.paiml.duende.spi.BlockTarget;
import java.lang.foreign.MemorySegment;

/** Takes everything and keeps nothing; what is read is what happens to be in the buffer. For measuring the way to it. */
public record NullTarget(long size) implements BlockTarget {
  @Override
  public int read(long offset, MemorySegment into) {
    return 0;
  }

  @Override
  public int write(long offset, MemorySegment from) {
    return 0;
  }

  @Override
  public int flush() {
    return 0;
  }

  @Override
  public int discard(long offset, long length) {
    return 0;
  }

  @Override
  public void close() {}
}
