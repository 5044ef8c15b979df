package com.paiml.duende.adapter.pepita.channel;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.event.VsockConnection;
import com.paiml.duende.linux.event.Wakeup;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** One thread for the vsock channels of all machines: sockets that Java has not, in an epoll of their own. */
final class VsockLoop implements AutoCloseable {
  private static final Logger LOGGER = System.getLogger(VsockLoop.class.getName());

  private final Linux linux;
  private final EventLoop loop;
  private final Wakeup wakeup;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final Set<Sockets.Socket> sockets = ConcurrentHashMap.newKeySet();

  /** Only its thread touches it. */
  private final ByteBuffer room = ByteBuffer.allocate(Sockets.TURN);

  /** What has come; only its thread touches it. */
  private final byte[] taken = new byte[Sockets.TURN];

  /** What goes; only its thread touches it. */
  private final byte[] piece = new byte[Frame.HEADER + Frame.LONGEST];

  private volatile boolean closed;

  private VsockLoop(Linux linux, EventLoop loop, Wakeup wakeup) {
    this.linux = linux;
    this.loop = loop;
    this.wakeup = wakeup;
  }

  static VsockLoop open(String name, Linux linux) throws IOException {
    try {
      Wakeup wakeup = linux.wakeup();
      try {
        EventLoop loop =
            linux.eventLoop(name, (what, fault) -> LOGGER.log(Level.ERROR, what, fault));
        VsockLoop made = new VsockLoop(linux, loop, wakeup);
        Watch _ = loop.watch("tasks", wakeup.descriptor(), Readiness.IN, _ -> made.runTasks());
        return made;
      } catch (LinuxException e) {
        wakeup.close();
        throw e;
      }
    } catch (LinuxException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Begins to connect. */
  Sockets.Socket connect(long cid, int port, Sockets.Listener listener) throws IOException {
    try {
      VsockWire wire = new VsockWire(linux.vsock(cid, port));
      Sockets.Socket socket = new Sockets.Socket(wire, listener);
      wire.socket = socket;
      boolean _ = sockets.add(socket);
      if (closed) {
        socket.end("the adapter has been stopped");
      }
      wire.run(() -> wire.begin(socket, "vsock " + cid + ":" + port));
      return socket;
    } catch (LinuxException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private void runTasks() throws LinuxException {
    long _ = wakeup.take();
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }

  /** Ends all connections and the thread. */
  @Override
  public void close() {
    closed = true;
    loop.close();
    sockets.forEach(socket -> socket.end("the adapter has been stopped"));
    wakeup.close();
  }

  private final class VsockWire implements Wire {
    private final VsockConnection connection;
    private volatile Sockets.@Nullable Socket socket;
    private @Nullable Watch watch;
    private boolean connected;

    VsockWire(VsockConnection connection) {
      this.connection = connection;
    }

    void begin(Sockets.Socket mine, String what) {
      if (connection.descriptor().isClosed()) {
        return;
      }
      try {
        watch = loop.watch(what, connection.descriptor(), Readiness.OUT, this::ready);
      } catch (LinuxException e) {
        mine.end(e.getMessage());
      }
    }

    private void ready(Readiness readiness) {
      Sockets.Socket mine = socket;
      if (mine == null) {
        return;
      }
      try {
        if (!connected) {
          connection.finish();
          connected = true;
          mine.interest();
          return;
        }
        if (readiness.writable()) {
          mine.flush();
        }
        if (readiness.readable() || readiness.hungUp() || readiness.failed()) {
          mine.readOnce(room);
        }
      } catch (LinuxException | IOException e) {
        mine.end(String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        LOGGER.log(Level.ERROR, "a machine's socket", e);
        mine.end(e.toString());
      }
    }

    @Override
    public void run(Runnable task) {
      boolean _ = tasks.add(task);
      try {
        wakeup.signal();
      } catch (LinuxException e) {
        // Closed: then everything has ended.
        LOGGER.log(Level.DEBUG, "wakeup", e);
      }
    }

    @Override
    public boolean isOver() {
      return closed;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      try {
        int n = connection.descriptor().read(taken, 0, Math.min(taken.length, into.remaining()));
        into.put(taken, 0, Math.max(0, n));
        return n == 0 ? -1 : Math.max(0, n);
      } catch (LinuxException e) {
        throw new IOException(e.getMessage(), e);
      }
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
      int length = Math.min(piece.length, from.remaining());
      from.get(from.position(), piece, 0, length);
      try {
        int n = Math.max(0, connection.descriptor().write(piece, 0, length));
        from.position(from.position() + n);
        return n;
      } catch (LinuxException e) {
        throw new IOException(e.getMessage(), e);
      }
    }

    @Override
    public void waitFor(boolean more) {
      Watch mine = watch;
      if (mine == null || !connected) {
        return;
      }
      try {
        loop.change(mine, more ? Readiness.IN | Readiness.OUT : Readiness.IN);
      } catch (LinuxException e) {
        LOGGER.log(Level.WARNING, "a machine's vsock is not waited for: " + e.getMessage());
      }
    }

    @Override
    public void close() {
      Sockets.Socket mine = socket;
      if (mine != null) {
        boolean _ = sockets.remove(mine);
      }
      if (watch != null) {
        watch.close();
      }
      connection.close();
    }
  }
}
