package com.paiml.duende.adapter.pepita.monitor;

import com.paiml.duende.adapter.pepita.image.Digests;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/**
 * Takes a machine's state from its monitor, and gives it to one, over a unix socket: the monitor is shut in, and can neither
 * open nor make a file. The bytes are digested on their way. For one thread.
 */
final class StateSocket implements AutoCloseable {
  private static final int PIECE = 1 << 20;

  /** A monitor does that at once, or never. */
  private static final Duration CONNECTING = Duration.ofSeconds(20);

  private final ServerSocketChannel listener;
  private final Path socket;
  private final String asMonitorSeesIt;
  private final Optional<Path> made;

  private StateSocket(
      ServerSocketChannel listener, Path socket, String asMonitorSeesIt, Optional<Path> made) {
    this.listener = listener;
    this.socket = socket;
    this.asMonitorSeesIt = asMonitorSeesIt;
    this.made = made;
  }

  /** Listens where the machine's monitor, and nobody else but us, can connect. */
  static StateSocket listen(VmPlan plan) throws IOException {
    Jail jail = plan.jail();
    Optional<Path> made = Optional.empty();
    Path socket;
    if (jail.user().isEmpty()) {
      socket = plan.folder().resolve("s");
    } else {
      // A monitor with a network sees the host's files, but cannot get into the machine's folder.
      made =
          jail.root().isPresent()
              ? Optional.empty()
              : Optional.of(Files.createTempDirectory("duende-state-"));
      Path folder = made.isPresent() ? made.get() : jail.root().orElseThrow();
      Path _ = Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
      socket = folder.resolve("s");
    }
    boolean _ = Files.deleteIfExists(socket);
    ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    StateSocket opened =
        new StateSocket(listener, socket, jail.root().isPresent() ? "/s" : socket.toString(), made);
    try {
      ServerSocketChannel _ = listener.bind(UnixDomainSocketAddress.of(socket), 1);
      Path _ = Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      if (jail.user().isPresent()) {
        Path _ = Files.setAttribute(socket, "unix:uid", jail.user().getAsInt());
      }
      SelectableChannel _ = listener.configureBlocking(false);
      return opened;
    } catch (IOException | RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  String asMonitorSeesIt() {
    return asMonitorSeesIt;
  }

  /**
   * Writes all that comes, up to its end, to a new file of mode 0600.
   *
   * @param most bytes: a monitor that a guest has taken over must not fill the disk
   */
  SavedState receive(Path file, long most, Deadline deadline) throws IOException, DaemonException {
    MessageDigest digest = Digests.sha256();
    try (Selector selector = Selector.open();
        SocketChannel from = accept(selector, deadline);
        FileChannel out =
            FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rw-------")))) {
      SelectableChannel _ = from.configureBlocking(false);
      SelectionKey _ = from.register(selector, SelectionKey.OP_READ);
      ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
      while (true) {
        await(selector, deadline);
        int n = from.read(piece.clear());
        if (n < 0) {
          return new SavedState(out.position(), HexFormat.of().formatHex(digest.digest()));
        }
        if (out.position() + n > most) {
          throw new IOException("its monitor says more than " + most + " bytes");
        }
        digest.update(piece.flip().duplicate());
        writeAll(out, piece);
      }
    }
  }

  private static void writeAll(FileChannel out, ByteBuffer piece) throws IOException {
    while (piece.hasRemaining()) {
      int _ = out.write(piece);
    }
  }

  private SocketChannel accept(Selector selector, Deadline deadline)
      throws IOException, DaemonException {
    SelectionKey key = listener.register(selector, SelectionKey.OP_ACCEPT);
    Deadline connecting = deadline.orAfter(CONNECTING);
    while (true) {
      await(selector, connecting);
      SocketChannel came = listener.accept();
      if (came != null) {
        key.cancel();
        return came;
      }
    }
  }

  /** Gives a monitor that listens there all of a file. */
  static void send(Path file, Path to, Deadline deadline) throws IOException, DaemonException {
    try (Selector selector = Selector.open();
        SocketChannel out = SocketChannel.open(StandardProtocolFamily.UNIX);
        FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      boolean _ = out.connect(UnixDomainSocketAddress.of(to));
      SelectableChannel _ = out.configureBlocking(false);
      SelectionKey _ = out.register(selector, SelectionKey.OP_WRITE);
      ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
      while (in.read(piece.clear()) > 0) {
        ByteBuffer _ = piece.flip();
        while (piece.hasRemaining()) {
          await(selector, deadline);
          int _ = out.write(piece);
        }
      }
    }
  }

  private static void await(Selector selector, Deadline deadline)
      throws IOException, DaemonException {
    selector.selectedKeys().clear();
    while (selector.select(Math.max(1, deadline.remaining().toMillis())) == 0) {
      if (deadline.hasPassed() || Thread.currentThread().isInterrupted()) {
        throw new DaemonException(
            ErrorCode.TIMEOUT,
            "a machine's state",
            "did not come through in time",
            "allow more, or see whether the disk is overloaded");
      }
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    boolean _ = Files.deleteIfExists(socket);
    if (made.isPresent()) {
      boolean _ = Files.deleteIfExists(made.get());
    }
  }
}
