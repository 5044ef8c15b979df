package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Binding sockets to paths, unix(7). */
final class UnixSockets {
  private static final int S_IFMT = 0170000;
  private static final int S_IFSOCK = 0140000;

  private UnixSockets() {}

  /** A socket that does not block, closed on exec. */
  static Fd socket(Kernel kernel, int type) throws LinuxException {
    int flags = type | Layouts.SOCK_CLOEXEC | Layouts.SOCK_NONBLOCK;
    long fd = kernel.raw(Call.SOCKET, Layouts.AF_UNIX, flags, 0);
    return new Fd(kernel, (int) Kernel.check(fd, Call.SOCKET, "a unix socket"));
  }

  /** Binds it; a socket file that a dead process left there is replaced. */
  static void bind(Kernel kernel, Fd fd, int type, Path path, int mode) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = UnixAddress.of(arena, path);
      int number = fd.number();
      // Before bind the mode of the socket is the mode that its file is born with.
      Kernel.check(kernel.raw(Call.FCHMOD, number, mode), Call.FCHMOD, path.toString());
      long bound = kernel.raw(Call.BIND, number, address.address(), address.byteSize());
      if (Kernel.isErrno(bound, Errno.EADDRINUSE) && isAbandoned(kernel, type, path, address)) {
        remove(kernel, path);
        bound = kernel.raw(Call.BIND, number, address.address(), address.byteSize());
      }
      Kernel.check(bound, Call.BIND, path.toString());
      // bind took the umask off.
      MemorySegment name = Kernel.cString(arena, path.toString());
      Kernel.check(
          kernel.raw(Call.FCHMODAT, Kernel.AT_FDCWD, name.address(), mode),
          Call.FCHMODAT,
          path.toString());
    }
  }

  /** Whether the file is a socket that nobody holds any more. */
  private static boolean isAbandoned(Kernel kernel, int type, Path path, MemorySegment address)
      throws LinuxException {
    // connect(2) refuses a plain file with the same error as a dead socket.
    if (!isSocket(path)) {
      return false;
    }
    try (Fd probe = socket(kernel, type)) {
      long reached =
          kernel.raw(Call.CONNECT, probe.number(), address.address(), address.byteSize());
      return Kernel.isErrno(reached, Errno.ECONNREFUSED);
    }
  }

  private static boolean isSocket(Path path) {
    try {
      Object mode = Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
      return mode instanceof Integer bits && (bits & S_IFMT) == S_IFSOCK;
    } catch (IOException unreadable) {
      return false;
    }
  }

  private static void remove(Kernel kernel, Path path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      long gone =
          kernel.raw(
              Call.UNLINKAT, Kernel.AT_FDCWD, Kernel.cString(arena, path.toString()).address(), 0);
      if (!Kernel.isErrno(gone, Errno.ENOENT)) {
        Kernel.check(gone, Call.UNLINKAT, path.toString());
      }
    }
  }

  /** On the way out: what stays is found abandoned, and replaced, by the next bind. */
  static void removeQuietly(Kernel kernel, Path path) {
    try {
      remove(kernel, path);
    } catch (LinuxException left) {
      assert !left.is(Errno.EFAULT) : left;
    }
  }
}
