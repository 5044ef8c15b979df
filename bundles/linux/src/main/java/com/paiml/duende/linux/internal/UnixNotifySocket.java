package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.Datagram;
import com.paiml.duende.linux.event.NotifySocket;
import com.paiml.duende.linux.event.PeerCredentials;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/** unix(7): SOCK_DGRAM with SO_PASSCRED. */
final class UnixNotifySocket implements NotifySocket {
  // Credentials, and as many descriptors as one message can carry (SCM_MAX_FD is 253).
  private static final int CONTROL_BYTES = 2048;

  private final Kernel kernel;
  private final Path path;
  private final Fd fd;

  private UnixNotifySocket(Kernel kernel, Path path, Fd fd) {
    this.kernel = kernel;
    this.path = path;
    this.fd = fd;
  }

  static UnixNotifySocket bind(Kernel kernel, Path path, int mode) throws LinuxException {
    Fd fd = UnixSockets.socket(kernel, Layouts.SOCK_DGRAM);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment on = arena.allocate(4, 4);
      on.set(Layouts.INT, 0, 1);
      long set =
          kernel.raw(
              Call.SETSOCKOPT,
              fd.number(),
              Layouts.SOL_SOCKET,
              Layouts.SO_PASSCRED,
              on.address(),
              4);
      Kernel.check(set, Call.SETSOCKOPT, "SO_PASSCRED");
      UnixSockets.bind(kernel, fd, Layouts.SOCK_DGRAM, path, mode);
      return new UnixNotifySocket(kernel, path, fd);
    } catch (LinuxException refused) {
      fd.close();
      throw refused;
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
    UnixSockets.removeQuietly(kernel, path);
  }
}
