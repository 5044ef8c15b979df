package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A TCP proxy on the loopback interface with bad weather. The same seed does the same to the same connections in the same
 * order. At most {@link #CONNECTIONS} at a time; more wait in the kernel's queue.
 */
final class TcpProxy implements AutoCloseable {
  /** The most connections at a time. */
  static final int CONNECTIONS = 1024;

  /** A TCP segment on Ethernet: what is lost is lost by these. */
  private static final int SEGMENT = 1460;

  /** The least retransmission timeout of Linux (tcp(7)). */
  private static final Duration RETRANSMISSION = Duration.ofMillis(200);

  private static final int IN_FLIGHT = 256;
  private static final int CONNECT_MILLIS = 10_000;

  private final ServerSocket server;
  private final InetSocketAddress to;
  private final Weather weather;
  private final long seed;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final Pace up;
  private final Pace down;
  private final AtomicLong accepted = new AtomicLong();
  private final AtomicLong resets = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();
  private volatile boolean closed;

  private TcpProxy(ServerSocket server, InetSocketAddress to, Weather weather, long seed) {
    this.server = server;
    this.to = to;
    this.weather = weather;
    this.seed = seed;
    up = new Pace(weather.bytesPerSecond());
    down = new Pace(weather.bytesPerSecond());
  }

  /** @param port to listen on; 0: any */
  static TcpProxy open(int port, InetSocketAddress to, Weather weather, long seed)
      throws DaemonException {
    try {
      ServerSocket server = new ServerSocket();
      try {
        server.setReuseAddress(true);
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      } catch (IOException e) {
        server.close();
        throw e;
      }
      TcpProxy proxy = new TcpProxy(server, to, weather, seed);
      var _ = Thread.ofPlatform().name("duende-chaos-proxy").daemon(true).start(proxy::accept);
      return proxy;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          "port " + port,
          "cannot be listened on: " + e.getMessage(),
          "choose another, or 0 for any",
          e);
    }
  }

  int port() {
    return server.getLocalPort();
  }

  String tally() {
    return accepted.get()
        + " connections, "
        + resets.get()
        + " reset, "
        + lost.get()
        + " segments lost";
  }

  private void accept() {
    while (!closed) {
      try {
        Socket client = server.accept();
        if (open.size() >= 2 * CONNECTIONS) {
          client.close();
          continue;
        }
        open.add(client);
        long index = accepted.getAndIncrement();
        var _ =
            Thread.ofVirtual().name("duende-chaos-connection").start(() -> serve(client, index));
      } catch (IOException e) {
        // Closed; or out of descriptors, which others may give back.
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
      }
    }
  }

  private void serve(Socket client, long index) {
    SplittableRandom random = new SplittableRandom(seed + index * 0x9E3779B97F4A7C15L);
    // In the middle of what it says: after this many bytes of both directions.
    long resetAfter = random.nextDouble() < weather.reset() ? random.nextLong(1, 4096) : -1;
    AtomicLong budget = new AtomicLong(resetAfter);
    Socket server = new Socket();
    open.add(server);
    try {
      client.setTcpNoDelay(true);
      server.connect(to, CONNECT_MILLIS);
      server.setTcpNoDelay(true);
      Thread back =
          Thread.ofVirtual()
              .start(() -> carry(server, client, down, random.split(), budget, resetAfter >= 0));
      carry(client, server, up, random.split(), budget, resetAfter >= 0);
      back.join();
    } catch (IOException e) {
      // The server is not there: the client sees its connection end.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      end(client);
      end(server);
    }
  }

  /** What is on its way, and when it arrives; an empty one is the end. */
  private static final class Packet {
    private final byte[] bytes;
    private final long dueNanos;

    Packet(byte[] bytes, long dueNanos) {
      this.bytes = bytes;
      this.dueNanos = dueNanos;
    }

    static Packet end() {
      return new Packet(new byte[0], 0);
    }

    boolean isEnd() {
      return bytes.length == 0;
    }
  }

  private void carry(
      Socket from,
      Socket into,
      Pace pace,
      SplittableRandom random,
      AtomicLong budget,
      boolean doomed) {
    BlockingQueue<Packet> flight = new ArrayBlockingQueue<>(IN_FLIGHT);
    Thread writer = Thread.ofVirtual().start(() -> deliver(flight, into, pace));
    try {
      InputStream in = from.getInputStream();
      byte[] buffer = new byte[SEGMENT];
      long last = 0;
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (doomed && budget.addAndGet(-n) < 0) {
          reset(from);
          reset(into);
          return;
        }
        // TCP keeps order: what comes after a lost segment waits for it.
        last = Math.max(last, System.nanoTime() + delay(random));
        flight.put(new Packet(Arrays.copyOf(buffer, n), last));
      }
    } catch (IOException e) {
      // One side has gone: the other is told below.
      end(from);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      finish(flight, writer);
    }
  }

  private static void finish(BlockingQueue<Packet> flight, Thread writer) {
    try {
      flight.put(Packet.end());
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private long delay(SplittableRandom random) {
    long jitter = weather.jitter().toNanos();
    long nanos =
        weather.delay().toNanos() + (jitter == 0 ? 0 : random.nextLong(-jitter, jitter + 1));
    long timeout = RETRANSMISSION.toNanos();
    while (weather.loss() > 0 && random.nextDouble() < weather.loss()) {
      lost.incrementAndGet();
      nanos += timeout;
      if (timeout > TimeUnit.SECONDS.toNanos(10)) {
        break;
      }
      timeout *= 2;
    }
    return Math.max(0, nanos);
  }

  private void deliver(BlockingQueue<Packet> flight, Socket into, Pace pace) {
    boolean dead = false;
    try {
      OutputStream out = into.getOutputStream();
      for (Packet p = flight.take(); !p.isEnd(); p = flight.take()) {
        if (dead) {
          continue;
        }
        TimeUnit.NANOSECONDS.sleep(p.dueNanos - System.nanoTime());
        pace.await(p.bytes.length);
        dead = !write(out, p.bytes);
      }
      if (!dead && !into.isClosed()) {
        into.shutdownOutput();
      }
    } catch (IOException e) {
      end(into);
      drain(flight);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean write(OutputStream out, byte[] bytes) {
    try {
      out.write(bytes);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static void drain(BlockingQueue<Packet> flight) {
    try {
      // The reader must not wait for somebody who has gone.
      boolean ended = false;
      while (!ended) {
        ended = flight.take().isEnd();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void reset(Socket socket) {
    try {
      socket.setOption(StandardSocketOptions.SO_LINGER, 0);
      resets.incrementAndGet();
    } catch (IOException e) {
      // It has ended already.
      return;
    } finally {
      end(socket);
    }
  }

  private void end(Socket socket) {
    open.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // Closed is closed.
      return;
    }
  }

  /** Shares out bytes per second. */
  private static final class Pace {
    private final long bytesPerSecond;
    private long free = System.nanoTime();

    Pace(long bytesPerSecond) {
      this.bytesPerSecond = bytesPerSecond;
    }

    void await(int bytes) throws InterruptedException {
      if (bytesPerSecond <= 0) {
        return;
      }
      long at;
      synchronized (this) {
        at = Math.max(free, System.nanoTime());
        free = at + (long) (bytes * 1e9 / bytesPerSecond);
        at = free;
      }
      TimeUnit.NANOSECONDS.sleep(at - System.nanoTime());
    }
  }

  /** Ends all connections and frees the port. */
  @Override
  public void close() {
    closed = true;
    try {
      server.close();
    } catch (IOException e) {
      // The connections are ended all the same.
      closed = true;
    }
    open.forEach(this::end);
  }
}
