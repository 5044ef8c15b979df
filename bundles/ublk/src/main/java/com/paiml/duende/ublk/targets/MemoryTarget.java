package com.paiml.duende.ublk.targets;

import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.BlockTarget;
import com.paiml.duende.ublk.ring.Copier;
import com.paiml.duende.ublk.ring.Syscalls;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;

/** Memory, all of it taken at the start. It outlives a server that is killed, and goes with its device. */
public final class MemoryTarget implements BlockTarget {
  private final SharedMemory shared;
  private final MemorySegment memory;
  private final long start;
  private final long length;
  private final Copier copier;

  private MemoryTarget(Syscalls calls, SharedMemory shared) {
    this.copier = new Copier(calls);
    this.shared = shared;
    this.memory = shared.memory();
    this.start = memory.address();
    this.length = memory.byteSize();
  }

  /**
   * Opens it.
   *
   * @throws LinuxException {@code ENOSPC} when the memory file system has no room for it
   */
  public static Backing open(Syscalls calls, Path path, long size) throws LinuxException {
    SharedMemory shared = SharedMemory.open(calls, path, size);
    int taken = shared.reserve(0, size);
    if (taken < 0) {
      if (!shared.found()) {
        shared.delete();
      }
      shared.close();
      long _ = Syscalls.check(taken, "fallocate", path.toString());
    }
    MemoryTarget target = new MemoryTarget(calls, shared);
    return new Called(target, 512, false, true, target::closeForGood);
  }

  @Override
  public long size() {
    return memory.byteSize();
  }

  /** Where in this process's memory a place of the disk is. */
  public long address(long offset) {
    return memory.address() + offset;
  }

  /**
   * Reads to memory at an address, of which the caller knows that as much is there. Returns 0.
   *
   * @throws IndexOutOfBoundsException when the disk is not as long
   */
  public int give(long offset, long to, long bytes) {
    copier.copy(start + Objects.checkFromIndexSize(offset, bytes, length), to, bytes);
    return 0;
  }

  /** Writes from memory at an address; otherwise as {@link #give}. */
  public int take(long offset, long from, long bytes) {
    copier.copy(from, start + Objects.checkFromIndexSize(offset, bytes, length), bytes);
    return 0;
  }

  @Override
  public int read(long offset, MemorySegment into) {
    MemorySegment.copy(memory, offset, into, 0, into.byteSize());
    return 0;
  }

  @Override
  public int write(long offset, MemorySegment from) {
    MemorySegment.copy(from, 0, memory, offset, from.byteSize());
    return 0;
  }

  @Override
  public int flush() {
    return 0;
  }

  @Override
  public int discard(long offset, long length) {
    MemorySegment _ = memory.asSlice(offset, length).fill((byte) 0);
    return 0;
  }

  @Override
  public void close() {
    shared.close();
  }

  private void closeForGood() {
    shared.delete();
    close();
  }
}
