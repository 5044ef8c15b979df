package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.Datagram;
import com.paiml.duende.linux.event.NotifySocket;
import com.paiml.duende.linux.event.PeerCredentials;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/** unix(7): SOCK_DGRAM with SO_PASSCRED. */
final class UnixNotifySocket implements NotifySocket {
  // Credentials, and as many descriptors as one message can carry (SCM_MAX_FD is 253).
  private static final int CONTROL_BYTES = 2048;
  private static final int S_IFMT = 0170000;
  private static final int S_IFSOCK = 0140000;

  private final Kernel kernel;
  private final Path path;
  private final Fd fd;

  private UnixNotifySocket(Kernel kernel, Path path, Fd fd) {
    this.kernel = kernel;
    this.path = path;
    this.fd = fd;
  }

  static UnixNotifySocket bind(Kernel kernel, Path path, int mode) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = UnixAddress.of(arena, path);
      Fd fd = datagramSocket(kernel);
      try {
        MemorySegment on = arena.allocate(4, 4);
        on.set(Layouts.INT, 0, 1);
        int number = fd.number();
        Kernel.check(
            kernel.raw(
                Call.SETSOCKOPT, number, Layouts.SOL_SOCKET, Layouts.SO_PASSCRED, on.address(), 4),
            Call.SETSOCKOPT,
            "SO_PASSCRED");
        // Before bind the mode of the socket is the mode that its file is born with.
        Kernel.check(kernel.raw(Call.FCHMOD, number, mode), Call.FCHMOD, path.toString());
        long bound = kernel.raw(Call.BIND, number, address.address(), address.byteSize());
        if (Kernel.isErrno(bound, Errno.EADDRINUSE) && isAbandoned(kernel, path, address)) {
          unlink(kernel, path);
          bound = kernel.raw(Call.BIND, number, address.address(), address.byteSize());
        }
        Kernel.check(bound, Call.BIND, path.toString());
        // bind took the umask off.
        MemorySegment name = Kernel.cString(arena, path.toString());
        Kernel.check(
            kernel.raw(Call.FCHMODAT, Kernel.AT_FDCWD, name.address(), mode),
            Call.FCHMODAT,
            path.toString());
        return new UnixNotifySocket(kernel, path, fd);
      } catch (LinuxException refused) {
        fd.close();
        throw refused;
      }
    }
  }

  private static Fd datagramSocket(Kernel kernel) throws LinuxException {
    int type = Layouts.SOCK_DGRAM | Layouts.SOCK_CLOEXEC | Layouts.SOCK_NONBLOCK;
    long fd = kernel.raw(Call.SOCKET, Layouts.AF_UNIX, type, 0);
    return new Fd(kernel, (int) Kernel.check(fd, Call.SOCKET, "a unix datagram socket"));
  }

  /** Whether the file is a socket that nobody holds any more. */
  private static boolean isAbandoned(Kernel kernel, Path path, MemorySegment address)
      throws LinuxException {
    // connect(2) refuses a plain file with the same error as a dead socket.
    if (!isSocket(path)) {
      return false;
    }
    try (Fd probe = datagramSocket(kernel)) {
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

  private static void unlink(Kernel kernel, Path path) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      long gone =
          kernel.raw(
              Call.UNLINKAT, Kernel.AT_FDCWD, Kernel.cString(arena, path.toString()).address(), 0);
      if (!Kernel.isErrno(gone, Errno.ENOENT)) {
        Kernel.check(gone, Call.UNLINKAT, path.toString());
      }
    }
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public Descriptor descriptor() {
    return fd;
  }

  @Override
  public Optional<Datagram> receive() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(MAX_BYTES);
      MemorySegment control = arena.allocate(CONTROL_BYTES, 8);
      MemorySegment vector = arena.allocate(Layouts.IOVEC_SIZE, 8);
      vector.set(Layouts.LONG, 0, text.address());
      vector.set(Layouts.LONG, Layouts.IOVEC_LEN, MAX_BYTES);
      MemorySegment message = arena.allocate(Layouts.MSGHDR_SIZE, 8);
      message.set(Layouts.LONG, Layouts.MSGHDR_IOV, vector.address());
      message.set(Layouts.LONG, Layouts.MSGHDR_IOVLEN, 1);
      message.set(Layouts.LONG, Layouts.MSGHDR_CONTROL, control.address());
      message.set(Layouts.LONG, Layouts.MSGHDR_CONTROLLEN, CONTROL_BYTES);
      long got =
          fd.use(n -> kernel.raw(Call.RECVMSG, n, message.address(), Layouts.MSG_CMSG_CLOEXEC));
      if (Kernel.isErrno(got, Errno.EAGAIN) || Kernel.isErrno(got, Errno.EINTR)) {
        return Optional.empty();
      }
      Kernel.check(got, Call.RECVMSG, path.toString());
      long used = Math.min(CONTROL_BYTES, message.get(Layouts.LONG, Layouts.MSGHDR_CONTROLLEN));
      PeerCredentials sender = readControl(control.asSlice(0, used));
      boolean cut = (message.get(Layouts.INT, Layouts.MSGHDR_FLAGS) & Layouts.MSG_TRUNC) != 0;
      byte[] bytes = text.asSlice(0, Math.min(got, MAX_BYTES)).toArray(ValueLayout.JAVA_BYTE);
      return Optional.of(new Datagram(sender, new String(bytes, StandardCharsets.UTF_8), cut));
    }
  }

  private PeerCredentials readControl(MemorySegment control) {
    // The overflow ids: what the kernel itself uses for "nobody that you know".
    PeerCredentials sender = new PeerCredentials(0, 65534, 65534);
    long at = 0;
    while (at + Layouts.CMSG_HEADER <= control.byteSize()) {
      long length = control.get(Layouts.LONG, at);
      if (length < Layouts.CMSG_HEADER || at + length > control.byteSize()) {
        break;
      }
      if (control.get(Layouts.INT, at + Layouts.CMSG_LEVEL) == Layouts.SOL_SOCKET) {
        MemorySegment data =
            control.asSlice(at + Layouts.CMSG_HEADER, length - Layouts.CMSG_HEADER);
        switch (control.get(Layouts.INT, at + Layouts.CMSG_TYPE)) {
          case Layouts.SCM_CREDENTIALS ->
              sender =
                  new PeerCredentials(
                      data.get(Layouts.INT, 0), data.get(Layouts.INT, 4), data.get(Layouts.INT, 8));
          case Layouts.SCM_RIGHTS -> closeAll(data);
          default -> {}
        }
      }
      at += (length + 7) & ~7L;
    }
    return sender;
  }

  private void closeAll(MemorySegment descriptors) {
    for (long at = 0; at + 4 <= descriptors.byteSize(); at += 4) {
      new Fd(kernel, descriptors.get(Layouts.INT, at)).close();
    }
  }

  @Override
  public void close() {
    if (fd.isClosed()) {
      return;
    }
    fd.close();
    try {
      unlink(kernel, path);
    } catch (LinuxException left) {
      // The next bind finds it abandoned and removes it.
      assert !left.is(Errno.EFAULT) : left;
    }
  }
}
