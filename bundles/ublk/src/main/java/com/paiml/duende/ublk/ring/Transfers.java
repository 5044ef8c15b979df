package com.paiml.duende.ublk.ring;

/**
 * Reads and writes at a place of one file, by pread64(2) and pwrite64(2), without allocating. For one thread at a time. Not on a
 * ring: the files that this is for cannot be asked without waiting, so a ring would hand each call to another thread.
 */
public final class Transfers {
  private final Enter calls;
  private final int reads;
  private final int writes;
  private final int file;

  /** @param file descriptor of the file */
  public Transfers(Syscalls calls, int file) {
    this.calls = new Enter(calls);
    this.reads = calls.number("pread64");
    this.writes = calls.number("pwrite64");
    this.file = file;
  }

  /** From the file into memory. Returns bytes, or a negative errno. */
  public int read(long address, int length, long offset) {
    return calls.call(reads, file, address, length, offset, 0, 0);
  }

  /** From memory into the file. Returns bytes, or a negative errno. */
  public int write(long address, int length, long offset) {
    return calls.call(writes, file, address, length, offset, 0, 0);
  }
}
