package com.paiml.duende.ublk.ring;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.SystemCallTable;
import com.paiml.duende.linux.kernel.SystemCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The system calls that a server makes beside its loop. None is on the hot path. Safe for several threads. */
public final class Syscalls {
  // asm-generic/mman-common.h, asm-generic/fcntl.h
  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int MAP_SHARED = 1;
  public static final int MAP_PRIVATE = 2;
  public static final int MAP_ANONYMOUS = 0x20;
  public static final int MAP_POPULATE = 0x8000;
  public static final int O_RDONLY = 0;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0100;
  public static final int O_EXCL = 0200;
  public static final int O_CLOEXEC = 02000000;
  private static final int AT_FDCWD = -100;
  private static final int MODE_PRIVATE = 0600;

  private final SystemCalls calls;
  private final SystemCallTable table;
  private final int directFlag;
  private volatile boolean linked;

  public Syscalls(Linux linux) {
    this.calls = linux.rawCalls();
    this.table = linux.systemCalls();
    // asm/fcntl.h: the one flag that the two architectures number differently.
    this.directFlag =
        switch (linux.architecture()) {
          case X86_64 -> 040000;
          case AARCH64 -> 0200000;
        };
  }

  /** O_DIRECT of this architecture. */
  public int direct() {
    return directFlag;
  }

  /**
   * Makes a call by its name.
   *
   * @return what the kernel returned; an error is its number negated
   */
  public long call(String name, long a, long b, long c, long d, long e, long f) {
    return calls.call(table.number(name).orElseThrow(), a, b, c, d, e, f);
  }

  /** As the other, by its number. */
  long call(int number, long a, long b, long c, long d, long e, long f) {
    return calls.call(number, a, b, c, d, e, f);
  }

  /**
   * From now on the calls of rings, and copies, are made the quick way. Takes a tenth of a second of processor time, and memory: where that may
   * be missing later, this comes before. Any thread, also while a ring is used.
   */
  public void link() {
    Enter.link();
    Copier.link();
    linked = true;
  }

  boolean isLinked() {
    return linked;
  }

  /** The number of a call on this architecture. */
  int number(String name) {
    return table.number(name).orElseThrow();
  }

  /** As the other, with zeroes for the rest. */
  public long call(String name, long a, long b, long c) {
    return call(name, a, b, c, 0, 0, 0);
  }

  /** Opens a file, closed on exec; a new one is 0600. */
  public Descriptor open(String path, int flags) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path);
      long number = call("openat", AT_FDCWD, name.address(), flags | O_CLOEXEC, MODE_PRIVATE, 0, 0);
      return calls.adopt((int) check(number, "openat", path));
    }
  }

  /** Takes over a descriptor that a call has returned. */
  public Descriptor adopt(int number) {
    return calls.adopt(number);
  }

  /** Maps memory; page aligned. It stays until {@link #unmap}, whatever becomes of the segment. */
  public MemorySegment map(long bytes, int protection, int flags, int descriptor, long offset)
      throws LinuxException {
    long address = call("mmap", 0, bytes, protection, flags, descriptor, offset);
    long checked = check(address, "mmap", bytes + " bytes");
    return MemorySegment.ofAddress(checked).reinterpret(bytes);
  }

  /** Memory of this process alone, zeroed and resident. */
  public MemorySegment memory(long bytes) throws LinuxException {
    MemorySegment memory = map(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // MAP_POPULATE does nothing in a process that locks its memory on fault
    // (populate_vma_page_range): then the kernel's copy
    // of a request waits for the lock of our mappings, which may be held by a thread that waits for
    // this very request.
    return memory.fill((byte) 0);
  }

  /** Unmaps. Nobody may use the segment any more. */
  public void unmap(MemorySegment memory) {
    long _ = call("munmap", memory.address(), memory.byteSize(), 0);
  }

  /** The number of the calling thread. */
  public int thread() {
    return (int) call("gettid", 0, 0, 0);
  }

  /** Size of a file or a block device in bytes: where its end is. */
  public long end(Descriptor file, String path) throws LinuxException {
    return check(call("lseek", file.number(), 0, 2), "lseek", path);
  }

  /** A 64-bit figure that a call wrote into a buffer of eight bytes. */
  public static long figure(MemorySegment eight) {
    return eight.get(ValueLayout.JAVA_LONG, 0);
  }

  /** The result, or an exception that names the call. */
  public static long check(long result, String call, String thing) throws LinuxException {
    if (result < 0 && result >= -4095) {
      throw new LinuxException((int) -result, call, thing, Advice.of((int) -result));
    }
    return result;
  }
}
