package com.paiml.duende.adapter.systemd;

import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/** Stands between one client and a bus: counts what the client says, and holds back what the bus says when asked to. */
final class Relay implements Closeable {
  private static final int BUFFER = 1 << 16;

  private final Path socket;
  private final UnixDomainSocketAddress bus;
  private final ServerSocketChannel server;
  private final AtomicLong said = new AtomicLong();
  private final Object gate = new Object();
  private boolean held;
  private boolean waiting;

  /**
   * @param socket where it is to listen; no file yet
   * @param bus the bus's own socket
   */
  Relay(Path socket, Path bus) throws IOException {
    this.socket = socket;
    this.bus = UnixDomainSocketAddress.of(bus);
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofPlatform().name("relay").daemon().start(this::serve);
  }

  /** Bytes that the client has sent. */
  long said() {
    return said.get();
  }

  /** From now on the client hears nothing. */
  void hold() {
    synchronized (gate) {
      held = true;
    }
  }

  /** Whether something has come from the bus that is held back. */
  boolean isHoldingBack() {
    synchronized (gate) {
      return waiting;
    }
  }

  /** What was held back arrives, and what comes after it. */
  void release() {
    synchronized (gate) {
      held = false;
      gate.notifyAll();
    }
  }

  private void serve() {
    try (SocketChannel client = server.accept();
        SocketChannel upstream = SocketChannel.open(bus)) {
      Thread down =
          Thread.ofPlatform().name("relay-down").daemon().start(() -> down(upstream, client));
      up(client, upstream);
      down.interrupt();
    } catch (IOException closed) {
      // The test is over.
      return;
    }
  }

  private void up(SocketChannel client, SocketChannel upstream) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    while (client.read(buffer) >= 0) {
      said.addAndGet(buffer.position());
      pass(buffer, upstream);
    }
  }

  private void down(SocketChannel upstream, SocketChannel client) {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    try {
      while (upstream.read(buffer) >= 0) {
        synchronized (gate) {
          while (held) {
            waiting = true;
            gate.wait();
          }
          waiting = false;
        }
        pass(buffer, client);
      }
    } catch (IOException | InterruptedException closed) {
      return;
    }
  }

  private static void pass(ByteBuffer buffer, SocketChannel to) throws IOException {
    buffer.flip();
    while (buffer.hasRemaining()) {
      to.write(buffer);
    }
    buffer.clear();
  }

  @Override
  public void close() throws IOException {
    release();
    server.close();
    Files.deleteIfExists(socket);
  }
}
