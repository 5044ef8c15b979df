package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.PeerCredentials;
import com.paiml.duende.linux.event.UnixListener;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Optional;

/** unix(7): SOCK_STREAM with SO_PEERCRED. */
final class UnixStreamListener implements UnixListener {
  private static final int BACKLOG = 64;

  private final Kernel kernel;
  private final Path path;
  private final Fd fd;

  private UnixStreamListener(Kernel kernel, Path path, Fd fd) {
    this.kernel = kernel;
    this.path = path;
    this.fd = fd;
  }

  static UnixStreamListener bind(Kernel kernel, Path path, int mode) throws LinuxException {
    Fd fd = UnixSockets.socket(kernel, Layouts.SOCK_STREAM);
    try {
      UnixSockets.bind(kernel, fd, Layouts.SOCK_STREAM, path, mode);
      Kernel.check(kernel.raw(Call.LISTEN, fd.number(), BACKLOG), Call.LISTEN, path.toString());
      return new UnixStreamListener(kernel, path, fd);
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
  public Optional<Connection> accept() throws LinuxException {
    long taken =
        fd.use(
            n -> kernel.raw(Call.ACCEPT4, n, 0, 0, Layouts.SOCK_CLOEXEC | Layouts.SOCK_NONBLOCK));
    if (Kernel.isErrno(taken, Errno.EAGAIN)
        || Kernel.isErrno(taken, Errno.EINTR)
        || Kernel.isErrno(taken, Errno.ECONNABORTED)) {
      return Optional.empty();
    }
    Fd connection = new Fd(kernel, (int) Kernel.check(taken, Call.ACCEPT4, path.toString()));
    try {
      return Optional.of(new Connection(connection, peer(connection)));
    } catch (LinuxException refused) {
      connection.close();
      throw refused;
    }
  }

  private PeerCredentials peer(Fd connection) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment credentials = arena.allocate(Layouts.UCRED_SIZE, 4);
      MemorySegment length = arena.allocate(4, 4);
      length.set(Layouts.INT, 0, (int) Layouts.UCRED_SIZE);
      long got =
          connection.use(
              n ->
                  kernel.raw(
                      Call.GETSOCKOPT,
                      n,
                      Layouts.SOL_SOCKET,
                      Layouts.SO_PEERCRED,
                      credentials.address(),
                      length.address()));
      Kernel.check(got, Call.GETSOCKOPT, "SO_PEERCRED of " + path);
      return new PeerCredentials(
          credentials.get(Layouts.INT, 0),
          credentials.get(Layouts.INT, 4),
          credentials.get(Layouts.INT, 8));
    }
  }

  @Override
  public void close() {
    if (!fd.isClosed()) {
      fd.close();
      UnixSockets.removeQuietly(kernel, path);
    }
  }
}
