package com.paiml.duende.shell.socket;

import com.paiml.duende.shell.call.Dispatcher;
import com.paiml.duende.shell.wire.ControlSocket;
import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameWriter;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.apache.felix.service.command.CommandProcessor;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Listens on the control socket of the data directory, framework property {@code duende.data}. The socket has mode 0600 in a
 * directory of mode 0700, and the kernel is asked who connects.
 */
@Component(
    service = {},
    immediate = true)
public final class ControlServer {
  private static final System.Logger LOG = System.getLogger("duende.control");
  private static final int CLIENTS = 64;
  private static final Duration HELLO = Duration.ofSeconds(10);
  private static final Duration STOP = Duration.ofSeconds(5);

  private final Map<Thread, Connection> clients = new ConcurrentHashMap<>();
  private final ScheduledThreadPoolExecutor timer;
  private final Connection.Services services;
  private final @Nullable Path socket;
  private final @Nullable ServerSocketChannel server;
  private final boolean madeFolder;
  private volatile boolean stopping;

  @Activate
  public ControlServer(
      BundleContext context,
      @Reference Dispatcher dispatcher,
      @Reference CommandProcessor processor)
      throws IOException {
    this(Optional.ofNullable(context.getProperty("duende.data")), dispatcher, processor, HELLO);
  }

  ControlServer(
      Optional<String> data, Dispatcher dispatcher, CommandProcessor processor, Duration hello)
      throws IOException {
    timer =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("duende-control-timer").unstarted(task));
    timer.setRemoveOnCancelPolicy(true);
    services = new Connection.Services(dispatcher, processor, timer, hello);
    if (data.isEmpty()) {
      LOG.log(
          Level.INFO, "no control socket: the framework property duende.data names no directory");
      socket = null;
      server = null;
      madeFolder = false;
      return;
    }
    Path folder = Path.of(data.get()).toAbsolutePath();
    Path path = ControlSocket.of(folder);
    ServerSocketChannel listening = listen(path, folder);
    Peers peers = Peers.ofOwner(path);
    socket = path;
    server = listening;
    madeFolder = !path.startsWith(folder);
    Thread _ =
        Thread.ofPlatform().daemon().name("duende-control").start(() -> accept(listening, peers));
  }

  private static ServerSocketChannel listen(Path socket, Path data) throws IOException {
    Path folder = socket.getParent();
    if (folder != null && !folder.equals(data)) {
      ownFolder(folder, data);
    }
    if (answers(socket)) {
      throw new IOException("another container listens on " + socket);
    }
    boolean _ = Files.deleteIfExists(socket);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      ServerSocketChannel _ = server.bind(UnixDomainSocketAddress.of(socket));
      Path _ = Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      return server;
    } catch (IOException e) {
      server.close();
      throw new IOException("cannot listen on " + socket + ": " + e.getMessage(), e);
    }
  }

  /** A folder below /tmp: somebody else may have made one of that name. */
  private static void ownFolder(Path folder, Path data) throws IOException {
    var mine = PosixFilePermissions.fromString("rwx------");
    try {
      Path _ = Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(mine));
    } catch (FileAlreadyExistsException e) {
      boolean ours =
          !Files.isSymbolicLink(folder)
              && Files.getOwner(folder).equals(Files.getOwner(data))
              && Files.getPosixFilePermissions(folder).equals(mine);
      if (!ours) {
        throw new IOException(
            folder
                + " is somebody else's, and the path of the data directory is too long for a"
                + " socket: name a shorter one with DUENDE_DATA",
            e);
      }
    }
  }

  private static boolean answers(Path socket) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      return false;
    }
  }

  private void accept(ServerSocketChannel listening, Peers peers) {
    while (!stopping) {
      try {
        serve(listening.accept(), peers);
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        LOG.log(Level.WARNING, "cannot accept a client of the control socket", e);
        pause();
      }
    }
  }

  /** Descriptors may have run out: they are not given back faster by asking again at once. */
  private static void pause() {
    try {
      Thread.sleep(200);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void serve(SocketChannel channel, Peers peers) throws IOException {
    Optional<String> stranger = peers.stranger(channel);
    if (stranger.isPresent()) {
      LOG.log(Level.WARNING, "refused {0} on the control socket", stranger.get());
      refuse(channel, "this container belongs to " + peers.owner() + ": ask as that user");
      return;
    }
    if (clients.size() >= CLIENTS) {
      LOG.log(Level.WARNING, "refused a client of the control socket: {0} are there", CLIENTS);
      refuse(channel, CLIENTS + " commands are running on this container: end some of them");
      return;
    }
    Connection connection = new Connection(channel, services);
    Thread thread =
        Thread.ofPlatform()
            .daemon()
            .name("duende-control-in")
            .unstarted(
                () -> {
                  try {
                    connection.run();
                  } finally {
                    Connection _ = clients.remove(Thread.currentThread());
                  }
                });
    synchronized (clients) {
      if (stopping) {
        connection.close();
        return;
      }
      Connection _ = clients.put(thread, connection);
      thread.start();
    }
  }

  /** A few bytes, which a new connection takes without waiting. */
  private static void refuse(SocketChannel channel, String why) {
    try (channel) {
      FrameWriter writer = new FrameWriter(channel);
      writer.write(Frame.ERROR, ("duende: " + why + "\n").getBytes(StandardCharsets.UTF_8));
      writer.write(Frame.EXIT, (byte) Dispatcher.FAILED);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a client left before it was refused", e);
    }
  }

  @Deactivate
  void stop() throws IOException {
    synchronized (clients) {
      stopping = true;
    }
    if (server != null && socket != null) {
      server.close();
      boolean _ = Files.deleteIfExists(socket);
      Path folder = socket.getParent();
      if (madeFolder && folder != null) {
        boolean _ = Files.deleteIfExists(folder);
      }
    }
    clients.values().forEach(Connection::close);
    timer.shutdownNow();
    try {
      long deadline = System.nanoTime() + STOP.toNanos();
      for (Thread thread : clients.keySet()) {
        boolean _ = thread.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
      }
      if (!clients.isEmpty()) {
        LOG.log(Level.WARNING, "{0} commands are still running", clients.size());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
