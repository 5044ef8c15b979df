package com.paiml.duende.linux.internal;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** System calls by name, errors as values or as exceptions. Safe for several threads. */
public final class Kernel {
  static final int AT_FDCWD = -100;
  static final int O_RDONLY = 0;
  static final int O_WRONLY = 1;
  static final int O_RDWR = 2;
  static final int O_CREAT = 0100;
  static final int O_NOCTTY = 0400;
  static final int O_APPEND = 02000;
  static final int O_NONBLOCK = 04000;
  static final int O_CLOEXEC = 02000000;
  static final int O_PATH = 010000000;
  private static final int FILE_MAX = 1 << 20;
  private static final int PAGE = 4096;

  private final Architecture architecture;
  private final Libc libc;
  private final Optional<LateLibc> late;
  private volatile int lastCapability = -1;

  private Kernel(Architecture architecture, Libc libc, Optional<LateLibc> late) {
    this.architecture = architecture;
    this.libc = libc;
    this.late = late;
  }

  /**
   * Binds the C library.
   *
   * @throws LinkageError when that cannot be
   */
  public static Kernel load(Architecture architecture) {
    return new Kernel(architecture, Libc.load(), LateLibc.load());
  }

  /** The architecture whose numbers are used. */
  public Architecture architecture() {
    return architecture;
  }

  /** O_NOFOLLOW, asm/fcntl.h: the one flag here that has two numbers. */
  int noFollow() {
    return switch (architecture) {
      case X86_64 -> 0400000;
      case AARCH64 -> 0100000;
    };
  }

  Libc libc() {
    return libc;
  }

  /**
   * What the C library got late.
   *
   * @throws LinuxException {@code ENOSYS} when it is older
   */
  LateLibc lateLibc() throws LinuxException {
    return late.orElseThrow(
        () ->
            new LinuxException(
                Errno.ENOSYS,
                "posix_spawn_file_actions_addclosefrom_np",
                "the C library",
                "Starting programs without leaking descriptors takes glibc 2.34 or later: upgrade"
                    + " it."));
  }

  /** Makes the call; a negative result is the negated errno. */
  public long raw(Call call, long a, long b, long c, long d, long e, long f) {
    return raw(call.number(architecture), a, b, c, d, e, f);
  }

  /** As the other, by number. */
  long raw(int number, long a, long b, long c, long d, long e, long f) {
    long result = libc.syscall(number, a, b, c, d, e, f);
    return result == -1 ? -libc.errno() : result;
  }

  public long raw(Call call, long a) {
    return raw(call, a, 0, 0, 0, 0, 0);
  }

  public long raw(Call call, long a, long b) {
    return raw(call, a, b, 0, 0, 0, 0);
  }

  public long raw(Call call, long a, long b, long c) {
    return raw(call, a, b, c, 0, 0, 0);
  }

  public long raw(Call call, long a, long b, long c, long d) {
    return raw(call, a, b, c, d, 0, 0);
  }

  public long raw(Call call, long a, long b, long c, long d, long e) {
    return raw(call, a, b, c, d, e, 0);
  }

  /** Passes a good result on and turns a negated errno into the exception. */
  @CanIgnoreReturnValue
  static long check(long result, Call call, String thing) throws LinuxException {
    if (result < 0) {
      throw error(result, call, thing);
    }
    return result;
  }

  /** The exception for a negated errno. */
  static LinuxException error(long negated, Call call, String thing) {
    return error(negated, call.manualName(), thing);
  }

  static LinuxException error(long negated, String call, String thing) {
    int number = (int) -negated;
    return new LinuxException(number, call, thing, Remedies.of(number));
  }

  static boolean isErrno(long result, Errno errno) {
    return result == -errno.number();
  }

  /** The highest capability that this kernel has, read once. */
  int lastCapability() throws LinuxException {
    int known = lastCapability;
    if (known < 0) {
      known = Integer.parseInt(readFile("/proc/sys/kernel/cap_last_cap").strip());
      lastCapability = known;
    }
    return known;
  }

  /** A C string: UTF-8 with its terminating zero. */
  static MemorySegment cString(SegmentAllocator memory, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    MemorySegment segment = memory.allocate(bytes.length + 1L);
    MemorySegment.copy(bytes, 0, segment, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, bytes.length);
    return segment;
  }

  /** openat(2) from the working directory, always closed on exec. */
  Fd open(String path, int flags, int mode) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      long fd = raw(Call.OPENAT, AT_FDCWD, cString(arena, path).address(), flags | O_CLOEXEC, mode);
      return new Fd(this, (int) check(fd, Call.OPENAT, path));
    }
  }

  /** What one read gives of a file of the kernel that has one record of less than a page. */
  String readRecord(String path) throws LinuxException {
    try (Arena arena = Arena.ofConfined();
        Fd fd = open(path, O_RDONLY, 0)) {
      MemorySegment buffer = arena.allocate(PAGE);
      long got = fd.use(n -> check(raw(Call.READ, n, buffer.address(), PAGE), Call.READ, path));
      byte[] text = new byte[(int) got];
      MemorySegment.copy(buffer, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, text, 0, text.length);
      return new String(text, StandardCharsets.UTF_8);
    }
  }

  /** The whole of a small file of the kernel, at most 1 MiB, as UTF-8. */
  public String readFile(String path) throws LinuxException {
    try (Arena arena = Arena.ofConfined();
        Fd fd = open(path, O_RDONLY, 0)) {
      MemorySegment buffer = arena.allocate(4096);
      byte[] all = new byte[0];
      while (all.length < FILE_MAX) {
        long got = fd.use(n -> check(raw(Call.READ, n, buffer.address(), 4096), Call.READ, path));
        if (got == 0) {
          break;
        }
        int old = all.length;
        all = Arrays.copyOf(all, old + (int) got);
        MemorySegment.copy(buffer, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, all, old, (int) got);
      }
      return new String(all, StandardCharsets.UTF_8);
    }
  }
}
