package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** The small program of {@code executor.c}, carried by the bundle and kept in a memfd while in use. */
final class Executor implements AutoCloseable {
  private static final int MFD_CLOEXEC = 1;
  private static final int MFD_ALLOW_SEALING = 2;
  private static final int MFD_EXEC = 0x10;
  private static final int F_ADD_SEALS = 1033;
  private static final int SEAL_ALL = 0x1 | 0x2 | 0x4 | 0x8;

  private final Fd program;

  private Executor(Fd program) {
    this.program = program;
  }

  /** The program, sealed so that nobody can change it. */
  Fd program() {
    return program;
  }

  static Executor load(Kernel kernel) throws LinuxException {
    return new Executor(sealed(kernel, "executor"));
  }

  /**
   * A piece of machine code that this bundle carries, in a file in memory.
   *
   * @throws LinuxException {@code ENOSYS} when the bundle was built without it
   */
  static Fd sealed(Kernel kernel, String what) throws LinuxException {
    String name = what + "-" + kernel.architecture().kernelName();
    byte[] binary = resource(name);
    if (binary == null) {
      byte[] why = resource(name + ".txt");
      throw new LinuxException(
          Errno.ENOSYS,
          what,
          "a confined start",
          why == null
              ? "This bundle was built without its executor: build it on Linux with a C compiler."
              : new String(why, StandardCharsets.UTF_8).strip() + ".");
    }
    return sealed(kernel, name, binary);
  }

  private static byte @org.jspecify.annotations.Nullable [] resource(String name)
      throws LinuxException {
    try (InputStream in = Executor.class.getResourceAsStream(name)) {
      return in == null ? null : in.readAllBytes();
    } catch (IOException unreadable) {
      throw new LinuxException(
          Errno.EIO,
          "read",
          name,
          "The bundle cannot be read (" + unreadable + "): install it anew.");
    }
  }

  private static Fd sealed(Kernel kernel, String name, byte[] binary) throws LinuxException {
    Fd fd = memfd(kernel, name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    try {
      writeAll(fd, binary);
      Kernel.check(
          kernel.raw(Call.FCNTL, fd.number(), F_ADD_SEALS, SEAL_ALL), Call.FCNTL, name + " seals");
      return fd;
    } catch (LinuxException refused) {
      fd.close();
      throw refused;
    }
  }

  /** A file in memory; the kernel before 6.3 does not know the flag about executing it. */
  static Fd memfd(Kernel kernel, String name, int flags) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = Kernel.cString(arena, name);
      long fd = kernel.raw(Call.MEMFD_CREATE, text.address(), flags);
      if (Kernel.isErrno(fd, Errno.EINVAL)) {
        fd =
            kernel.raw(
                Call.MEMFD_CREATE, text.address(), flags & (MFD_CLOEXEC | MFD_ALLOW_SEALING));
      }
      return new Fd(kernel, (int) Kernel.check(fd, Call.MEMFD_CREATE, name));
    }
  }

  static void writeAll(Fd fd, byte[] bytes) throws LinuxException {
    for (int at = 0; at < bytes.length; ) {
      int written = fd.write(bytes, at, bytes.length - at);
      if (written <= 0) {
        throw Kernel.error(-Errno.EIO.number(), Call.WRITE, fd.toString());
      }
      at += written;
    }
  }

  @Override
  public void close() {
    program.close();
  }
}
