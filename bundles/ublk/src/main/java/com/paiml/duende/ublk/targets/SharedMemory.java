package com.paiml.duende.ublk.targets;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.ring.Syscalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Memory that outlives its process: a file of a memory file system, 0600, mapped whole. Room in it is taken with {@link
 * #reserve}; to touch what was not reserved may kill the process when the file system is full.
 */
public final class SharedMemory implements AutoCloseable {
  private static final int O_NOFOLLOW_X86 = 0400000;
  private static final int O_NOFOLLOW_ARM = 0100000;

  private final Syscalls calls;
  private final Path path;
  private final Descriptor file;
  private final MemorySegment memory;
  private final boolean found;

  private SharedMemory(
      Syscalls calls, Path path, Descriptor file, MemorySegment memory, boolean found) {
    this.calls = calls;
    this.path = path;
    this.file = file;
    this.memory = memory;
    this.found = found;
  }

  /**
   * Opens what an earlier process has left there, or makes it.
   *
   * @throws LinuxException {@code EEXIST} when what is there has another size
   */
  public static SharedMemory open(Syscalls calls, Path path, long bytes) throws LinuxException {
    int noFollow = calls.direct() == 040000 ? O_NOFOLLOW_X86 : O_NOFOLLOW_ARM;
    Descriptor file = calls.open(path.toString(), Syscalls.O_RDWR | Syscalls.O_CREAT | noFollow);
    try {
      long there = calls.end(file, path.toString());
      if (there != 0 && there != bytes) {
        throw new LinuxException(
            Errno.EEXIST,
            "open",
            path.toString(),
            "It holds " + there + " bytes of another device and not " + bytes + ": delete it.");
      }
      if (there == 0) {
        long _ =
            Syscalls.check(
                calls.call("ftruncate", file.number(), bytes, 0), "ftruncate", path.toString());
      }
      MemorySegment memory =
          calls.map(
              bytes,
              Syscalls.PROT_READ | Syscalls.PROT_WRITE,
              Syscalls.MAP_SHARED,
              file.number(),
              0);
      return new SharedMemory(calls, path, file, memory, there != 0);
    } catch (LinuxException refused) {
      file.close();
      throw refused;
    }
  }

  /** All of it. */
  public MemorySegment memory() {
    return memory;
  }

  /** Whether an earlier process has left it. */
  public boolean found() {
    return found;
  }

  /** Takes room for a part of it, fallocate(2); what is in it stays. Returns 0, or a negative errno. */
  public int reserve(long offset, long bytes) {
    try {
      return (int) calls.call("fallocate", file.number(), 0, offset, bytes, 0, 0);
    } catch (LinuxException closed) {
      return -closed.number();
    }
  }

  /** Gives room back; what was in it is zeros afterwards. Returns 0, or a negative errno. */
  public int release(long offset, long bytes) {
    try {
      // linux/falloc.h: FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
      return (int) calls.call("fallocate", file.number(), 3, offset, bytes, 0, 0);
    } catch (LinuxException closed) {
      return -closed.number();
    }
  }

  @Override
  public void close() {
    calls.unmap(memory);
    file.close();
  }

  /** Deletes it. It stays until it is closed, too. */
  public void delete() {
    try {
      boolean _ = Files.deleteIfExists(path);
    } catch (IOException stays) {
      throw new UncheckedIOException(path + " cannot be deleted", stays);
    }
  }
}
