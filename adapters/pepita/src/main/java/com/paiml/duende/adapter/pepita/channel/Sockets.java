package com.paiml.duende.adapter.pepita.channel;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One thread for the unix sockets of all machines: their channels, consoles and monitors; and one for the vsock channels of
 * all, once there is one. Safe for several threads.
 */
public final class Sockets implements AutoCloseable {
  private static final Logger LOGGER = System.getLogger(Sockets.class.getName());

  /** Read from one socket before another has its turn. */
  static final int TURN = 128 * 1024;

  private final String name;
  private final Optional<Linux> linux;
  private final Selector selector;
  private final Thread thread;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private @Nullable VsockLoop vsocks;
  private volatile boolean closed;

  /** What is done with what comes. Called on the one thread; must not block. */
  public interface Listener {
    /** Bytes have come; what is left in the buffer is lost. */
    void received(ByteBuffer bytes);

    /** The other side is gone, or {@link Socket#close} was called. Once. */
    void ended(String why);
  }

  /**
   * Without vsock.
   *
   * @param name of the thread
   */
  public Sockets(String name) throws IOException {
    this(name, Optional.empty());
  }

  /**
   * @param name of the threads
   * @param linux with which vsock sockets are made; Java has none
   */
  public Sockets(String name, Optional<Linux> linux) throws IOException {
    this.name = name;
    this.linux = linux;
    selector = Selector.open();
    thread = Thread.ofPlatform().daemon().name(name).unstarted(this::serve);
    thread.start();
  }

  /** Connects. Over vsock it has only begun to when this returns; what is sent waits for that. */
  public Socket connect(Address address, Listener listener) throws IOException {
    return switch (address) {
      case Address.Unix(Path path) -> connect(path, listener);
      case Address.Forwarded(Path path, int _) -> connect(path, listener);
      case Address.Vsock(long cid, int port) -> vsocks().connect(cid, port, listener);
    };
  }

  /** Connects to a unix socket. */
  public Socket connect(Path path, Listener listener) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(path));
      channel.configureBlocking(false);
      UnixWire wire = new UnixWire(channel);
      Socket socket = new Socket(wire, listener);
      wire.run(() -> wire.register(socket));
      return socket;
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private synchronized VsockLoop vsocks() throws IOException {
    if (closed) {
      throw new IOException("the adapter has been stopped");
    }
    VsockLoop made = vsocks;
    if (made == null) {
      made =
          VsockLoop.open(
              name + "-vsock", linux.orElseThrow(() -> new IOException("there is no vsock here")));
      vsocks = made;
    }
    return made;
  }

  private synchronized Optional<VsockLoop> openVsocks() {
    return Optional.ofNullable(vsocks);
  }

  /** A channel of Java's in the selector. */
  private final class UnixWire implements Wire {
    private final SocketChannel channel;
    private volatile @Nullable SelectionKey key;

    UnixWire(SocketChannel channel) {
      this.channel = channel;
    }

    void register(Socket socket) {
      try {
        key = channel.register(selector, SelectionKey.OP_READ, socket);
        socket.interest();
      } catch (ClosedChannelException e) {
        socket.end("closed");
      }
    }

    @Override
    public void run(Runnable task) {
      tasks.add(task);
      selector.wakeup();
    }

    @Override
    public boolean isOver() {
      return closed;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      return channel.read(into);
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
      return channel.write(from);
    }

    @Override
    public void waitFor(boolean room) {
      SelectionKey mine = key;
      if (mine != null && mine.isValid()) {
        mine.interestOps(
            room ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
      }
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        LOGGER.log(Level.DEBUG, "close", e);
      }
    }
  }

  private void serve() {
    ByteBuffer room = ByteBuffer.allocateDirect(TURN);
    while (!closed) {
      try {
        selector.select();
      } catch (IOException e) {
        LOGGER.log(Level.ERROR, "the sockets of machines cannot be waited for", e);
        break;
      }
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
      }
      for (SelectionKey key : selector.selectedKeys()) {
        Socket socket = (Socket) key.attachment();
        try {
          serve(socket, key, room);
        } catch (IOException | CancelledKeyException e) {
          socket.end(String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
          LOGGER.log(Level.ERROR, "a machine's socket", e);
          socket.end(e.toString());
        }
      }
      selector.selectedKeys().clear();
    }
    for (SelectionKey key : selector.keys()) {
      ((Socket) key.attachment()).end("the adapter has been stopped");
    }
    try {
      selector.close();
    } catch (IOException e) {
      LOGGER.log(Level.DEBUG, "close", e);
    }
  }

  private static void serve(Socket socket, SelectionKey key, ByteBuffer room) throws IOException {
    if (key.isWritable()) {
      socket.flush();
    }
    if (key.isReadable()) {
      socket.readOnce(room);
    }
  }

  /** Ends all connections and the threads. */
  @Override
  public void close() {
    closed = true;
    selector.wakeup();
    openVsocks().ifPresent(VsockLoop::close);
    try {
      if (!Thread.currentThread().equals(thread)
          && !thread.join(java.time.Duration.ofSeconds(10))) {
        LOGGER.log(Level.WARNING, "the thread of the machines' sockets still runs after 10 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One connection. */
  public static final class Socket implements AutoCloseable {
    /** Beyond this, senders wait; answers of the socket thread itself may use as much again. */
    private static final int QUEUE = 1 << 18;

    private final Wire wire;
    private final Listener listener;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final Queue<ByteBuffer> queue = new ArrayDeque<>();
    private int queued;
    private boolean ended;

    Socket(Wire wire, Listener listener) {
      this.wire = wire;
      this.listener = listener;
    }

    /**
     * Sends, waiting for room.
     *
     * @throws DaemonException {@code timeout} when the other side does not read, {@code io} when it is gone
     */
    public void send(ByteBuffer bytes, String thing, Deadline deadline) throws DaemonException {
      lock.lock();
      try {
        while (!ended && queued > QUEUE) {
          if (deadline.hasPassed()) {
            throw new DaemonException(
                ErrorCode.TIMEOUT,
                thing,
                "does not read what it is sent",
                "it is hung: kill it, and see its console");
          }
          long _ = room.awaitNanos(deadline.remaining().toNanos());
        }
        if (ended) {
          throw new DaemonException(
              ErrorCode.IO, thing, "its socket is closed", "see its log and console");
        }
        enqueue(bytes);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DaemonException(
            ErrorCode.TIMEOUT, thing, "sending was interrupted", "ask again", e);
      } finally {
        lock.unlock();
      }
    }

    /** Sends without waiting, from the socket thread. A side that does not read is given up. */
    public void sendNow(ByteBuffer bytes) {
      boolean full;
      lock.lock();
      try {
        full = queued > 2 * QUEUE;
        if (!full && !ended) {
          enqueue(bytes);
        }
      } finally {
        lock.unlock();
      }
      if (full) {
        end("it does not read what it is sent");
      }
    }

    private void enqueue(ByteBuffer bytes) {
      queue.add(bytes);
      queued += bytes.remaining();
      if (queue.size() == 1) {
        wire.run(this::interest);
      }
    }

    /** On the socket thread. */
    void interest() {
      lock.lock();
      try {
        if (!ended) {
          wire.waitFor(!queue.isEmpty());
        }
      } finally {
        lock.unlock();
      }
    }

    /** On the socket thread, when there is something to read. */
    void readOnce(ByteBuffer room) throws IOException {
      room.clear();
      int n = wire.read(room);
      if (n < 0) {
        end("the other side has closed it");
      } else {
        listener.received(room.flip());
      }
    }

    /** On the socket thread, when there is room. */
    void flush() throws IOException {
      lock.lock();
      try {
        for (ByteBuffer first = queue.peek(); first != null; first = queue.peek()) {
          queued -= wire.write(first);
          if (first.hasRemaining()) {
            break;
          }
          queue.remove();
        }
        if (queued <= QUEUE) {
          room.signalAll();
        }
      } finally {
        lock.unlock();
      }
      interest();
    }

    /** On the socket thread. */
    void end(String why) {
      lock.lock();
      try {
        if (ended) {
          return;
        }
        ended = true;
        queue.clear();
        room.signalAll();
      } finally {
        lock.unlock();
      }
      wire.close();
      listener.ended(why);
    }

    /** Closes it; the listener hears of that soon. */
    @Override
    public void close() {
      if (wire.isOver()) {
        end("closed");
      } else {
        wire.run(() -> end("closed"));
      }
    }
  }

  /** Waits a moment for something that another program makes. */
  static void pause(Deadline deadline) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(
        Math.min(TimeUnit.MILLISECONDS.toNanos(3), deadline.remaining().toNanos()));
  }
}
