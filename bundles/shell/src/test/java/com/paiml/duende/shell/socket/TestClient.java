package com.paiml.duende.shell.socket;

import com.paiml.duende.shell.wire.ControlSocket;
import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameReader;
import com.paiml.duende.shell.wire.FrameWriter;
import com.paiml.duende.shell.wire.Hello;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A client that does exactly what a test says, and nothing else. */
final class TestClient implements AutoCloseable {
  final SocketChannel channel;
  final FrameWriter writer;
  final FrameReader reader;
  final ByteArrayOutputStream out = new ByteArrayOutputStream();
  final ByteArrayOutputStream err = new ByteArrayOutputStream();
  byte[] input = new byte[0];
  int inputAsked;
  Map<String, String> files = Map.of();

  TestClient(Path data) throws IOException {
    channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(ControlSocket.of(data)));
    writer = new FrameWriter(channel);
    reader = new FrameReader(channel);
  }

  TestClient say(String... words) throws IOException {
    Hello hello = new Hello("duende", List.of(words), "/", "xterm", 7, true, 80, 24);
    writer.write(Frame.HELLO, hello.encode());
    return this;
  }

  /** Does what the server asks, until it says the exit status. */
  int listen() throws IOException {
    while (true) {
      byte[] contents = reader.next();
      switch (reader.kind()) {
        case Frame.OUTPUT -> out.writeBytes(contents);
        case Frame.ERROR -> err.writeBytes(contents);
        case Frame.NEED -> give(ByteBuffer.wrap(contents).getInt());
        case Frame.READ ->
            lend(new String(contents, 4, contents.length - 4, StandardCharsets.UTF_8));
        case Frame.EXIT -> {
          return contents[0] & 0xff;
        }
        default -> throw new IOException("frame " + reader.kind());
      }
    }
  }

  /** Listens until the output has this text. */
  void awaitOutput(String text) throws IOException {
    while (!out().contains(text)) {
      byte[] contents = reader.next();
      if (reader.kind() == Frame.OUTPUT) {
        out.writeBytes(contents);
      }
    }
  }

  private void give(int bytes) throws IOException {
    inputAsked++;
    int count = Math.min(bytes, input.length);
    writer.write(Frame.INPUT, input, 0, count);
    input = java.util.Arrays.copyOfRange(input, count, input.length);
  }

  private void lend(String name) throws IOException {
    String text = files.get(name);
    if (text == null) {
      writer.write(Frame.NO_FILE, "no such file".getBytes(StandardCharsets.UTF_8));
    } else {
      writer.write(Frame.FILE, text.getBytes(StandardCharsets.UTF_8));
      writer.write(Frame.FILE);
    }
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
