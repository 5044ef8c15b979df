package com.paiml.duende.bench.drive;

import com.paiml.duende.shell.wire.ControlSocket;
import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameReader;
import com.paiml.duende.shell.wire.FrameWriter;
import com.paiml.duende.shell.wire.Hello;
import com.paiml.duende.shell.wire.MalformedFrame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * One command, said to a container over its control socket as {@code bin/duende} says it, and without a process of its own:
 * what many clients at once say would else be lost in the starts of many JVMs. Files that it names are lent; it has no standard
 * input. For one thread.
 */
final class ControlLine implements AutoCloseable {
  private final SocketChannel socket;
  private final Selector selector;
  private final SelectionKey key;
  private final long end;

  private ControlLine(SocketChannel socket, Selector selector, Duration patience)
      throws IOException {
    this.socket = socket;
    this.selector = selector;
    this.end = System.nanoTime() + patience.toNanos();
    socket.configureBlocking(false);
    this.key = socket.register(selector, 0);
  }

  /** @throws IOException when nobody listens, when the container goes meanwhile, or when there is no end within this time */
  static Installed.Answer say(Path data, String scope, List<String> words, Duration patience)
      throws IOException {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    try (socket;
        Selector selector = Selector.open()) {
      boolean _ = socket.connect(UnixDomainSocketAddress.of(ControlSocket.of(data)));
      try (ControlLine line = new ControlLine(socket, selector, patience)) {
        return line.converse(
            new Hello(scope, words, data.toAbsolutePath().toString(), "", 0, false, 0, 0));
      }
    }
  }

  private Installed.Answer converse(Hello hello) throws IOException {
    FrameWriter writer = new FrameWriter(new Outgoing());
    FrameReader reader = new FrameReader(new Incoming());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    writer.write(Frame.HELLO, hello.encode());
    while (true) {
      byte[] contents = reader.next();
      switch (reader.kind()) {
        case Frame.OUTPUT -> out.write(contents);
        case Frame.ERROR -> err.write(contents);
        case Frame.NEED -> writer.write(Frame.INPUT);
        case Frame.READ ->
            lend(writer, new String(contents, 4, contents.length - 4, StandardCharsets.UTF_8));
        case Frame.EXIT -> {
          return new Installed.Answer(
              contents[0] & 0xff,
              out.toString(StandardCharsets.UTF_8),
              err.toString(StandardCharsets.UTF_8));
        }
        default -> throw new MalformedFrame("unexpected frame " + (char) reader.kind());
      }
    }
  }

  private static void lend(FrameWriter writer, String name) throws IOException {
    byte[] file = Files.readAllBytes(Path.of(name));
    for (int at = 0; at < file.length; at += Frame.LIMIT) {
      writer.write(Frame.FILE, file, at, Math.min(Frame.LIMIT, file.length - at));
    }
    writer.write(Frame.FILE);
  }

  /** Waits until the socket can be read or written. */
  private void await(int operation) throws IOException {
    SelectionKey _ = key.interestOps(operation);
    long left = (end - System.nanoTime()) / 1_000_000;
    if (left <= 0 || selector.select(left) == 0) {
      throw new IOException("the container has not answered in time");
    }
    selector.selectedKeys().clear();
  }

  @Override
  public void close() {
    key.cancel();
  }

  private final class Incoming implements ReadableByteChannel {
    @Override
    public int read(ByteBuffer to) throws IOException {
      int read = socket.read(to);
      while (read == 0 && to.hasRemaining()) {
        await(SelectionKey.OP_READ);
        read = socket.read(to);
      }
      return read;
    }

    @Override
    public boolean isOpen() {
      return socket.isOpen();
    }

    @Override
    public void close() {}
  }

  private final class Outgoing implements WritableByteChannel {
    @Override
    public int write(ByteBuffer from) throws IOException {
      int written = socket.write(from);
      if (written == 0 && from.hasRemaining()) {
        await(SelectionKey.OP_WRITE);
      }
      return written;
    }

    @Override
    public boolean isOpen() {
      return socket.isOpen();
    }

    @Override
    public void close() {}
  }
}
