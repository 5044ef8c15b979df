package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Sockets and their paths, unix(7). The folder may be another user's, who can put anything in the place of a socket at any
 * moment: a path is resolved once, and what is found there is held and looked at before it is used.
 */
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
      if (Kernel.isErrno(bound, Errno.EADDRINUSE) && isAbandoned(kernel, type, path)) {
        remove(kernel, path);
        bound = kernel.raw(Call.BIND, number, address.address(), address.byteSize());
      }
      Kernel.check(bound, Call.BIND, path.toString());
      // bind took the umask off.
      try (Fd file = hold(kernel, path)) {
        refuseOthers(fd, file, path);
        MemorySegment name = Kernel.cString(arena, link(file));
        Kernel.check(
            kernel.raw(Call.FCHMODAT, Kernel.AT_FDCWD, name.address(), mode),
            Call.FCHMODAT,
            path.toString());
      }
    }
  }

  /**
   * The socket's file itself, whatever its path leads to later; calls reach it by {@link #link}.
   *
   * @throws LinuxException {@code ENOTSOCK} when something else is there, a link to a socket among it
   */
  static Fd hold(Kernel kernel, Path path) throws LinuxException {
    Fd file = kernel.open(path.toString(), Kernel.O_PATH | kernel.noFollow(), 0);
    try {
      if (!isSocket(Path.of(link(file)))) {
        throw notThatSocket(path, "Something else is in the place of the socket");
      }
      return file;
    } catch (LinuxException other) {
      file.close();
      throw other;
    }
  }

  /** proc_pid_fd(5): leads to what is open, not by the path by which it was opened. */
  static String link(Fd file) throws LinuxException {
    return "/proc/self/fd/" + file.number();
  }

  /** The folder's owner cannot make a file of ours, and a second name of one of ours is counted. */
  private static void refuseOthers(Fd socket, Fd file, Path path) throws LinuxException {
    try {
      Object ours = Files.getAttribute(Path.of(link(socket)), "unix:uid");
      Path there = Path.of(link(file));
      if (!ours.equals(Files.getAttribute(there, "unix:uid"))
          || !Files.getAttribute(there, "unix:nlink").equals(1)) {
        throw notThatSocket(path, "Another socket is in its place");
      }
    } catch (IOException unreadable) {
      throw notThatSocket(path, "It cannot be looked at (" + unreadable + ")");
    }
  }

  private static LinuxException notThatSocket(Path path, String what) {
    return new LinuxException(
        Errno.ENOTSOCK,
        "open",
        path.toString(),
        what + ": look for who writes to that folder, and remove it.");
  }

  /** Whether the file is a socket that nobody holds any more. */
  private static boolean isAbandoned(Kernel kernel, int type, Path path) throws LinuxException {
    // connect(2) refuses a plain file with the same error as a dead socket.
    try (Arena arena = Arena.ofConfined();
        Fd file = hold(kernel, path);
        Fd probe = socket(kernel, type)) {
      MemorySegment address = UnixAddress.of(arena, Path.of(link(file)));
      long reached =
          kernel.raw(Call.CONNECT, probe.number(), address.address(), address.byteSize());
      return Kernel.isErrno(reached, Errno.ECONNREFUSED);
    } catch (LinuxException other) {
      if (other.is(Errno.ENOTSOCK) || other.is(Errno.ENOENT)) {
        return false;
      }
      throw other;
    }
  }

  private static boolean isSocket(Path path) {
    try {
      Object mode = Files.getAttribute(path, "unix:mode");
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
