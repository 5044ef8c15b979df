package com.paiml.duende.client;

import com.paiml.duende.shell.wire.ControlSocket;
import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameReader;
import com.paiml.duende.shell.wire.FrameWriter;
import com.paiml.duende.shell.wire.Hello;
import com.paiml.duende.shell.wire.MalformedFrame;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** One command, said to a container: sends the hello, then does what the container asks until it says the exit status. */
final class Call implements AutoCloseable {
  private final SocketChannel channel;
  private final FrameWriter writer;
  private final OutputStream error = new FileOutputStream(FileDescriptor.err);
  private OutputStream output = new FileOutputStream(FileDescriptor.out);

  private Call(SocketChannel channel) {
    this.channel = channel;
    this.writer = new FrameWriter(channel);
  }

  /**
   * Connects.
   *
   * @throws NoContainer when nobody listens
   */
  static Call to(Path data) throws IOException {
    Path socket = ControlSocket.of(data);
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      return new Call(channel);
    } catch (IOException e) {
      channel.close();
      if (Files.exists(socket) && !Files.isWritable(socket)) {
        throw new IOException(
            "the container of "
                + data
                + " belongs to somebody else: ask as its user, or name another with DUENDE_DATA",
            e);
      }
      throw new NoContainer("no container runs on " + data + ": start one with 'duende up'");
    }
  }

  /** The conversation, to its end; the exit status. */
  int make(Hello hello) throws IOException {
    byte[] first = hello.encode();
    if (first.length > Frame.HELLO_LIMIT) {
      throw new IOException("the command line is too long");
    }
    Keyboard keyboard = new Keyboard(writer);
    Interruption interruption = new Interruption(writer, keyboard);
    Runtime.getRuntime().addShutdownHook(interruption);
    sayHello(first);
    return converse(hello, keyboard, interruption);
  }

  private void sayHello(byte[] contents) {
    try {
      writer.write(Frame.HELLO, contents);
    } catch (IOException e) {
      // It closed without listening; what it said before that is read next.
      return;
    }
  }

  private int converse(Hello hello, Keyboard keyboard, Interruption interruption)
      throws IOException {
    FrameReader reader = new FrameReader(channel);
    try {
      while (true) {
        byte[] contents = reader.next();
        switch (reader.kind()) {
          case Frame.OUTPUT -> put(contents);
          case Frame.ERROR -> error.write(contents);
          case Frame.NEED -> keyboard.need(ByteBuffer.wrap(contents).getInt());
          case Frame.READ -> read(hello, contents);
          case Frame.KEYS -> keyboard.keys(contents[0] != 0);
          case Frame.EXIT -> {
            return contents[0] & 0xff;
          }
          default -> throw new MalformedFrame("unexpected frame " + (char) reader.kind());
        }
      }
    } catch (EOFException e) {
      throw new IOException(
          "the container ended before the command did: see data/log/duende.log", e);
    } finally {
      keyboard.close();
      interruption.ended();
    }
  }

  /** What a command says, for this program instead of a person. */
  String ask(Hello hello) throws IOException {
    ByteArrayOutputStream answer = new ByteArrayOutputStream();
    output = answer;
    return make(hello) == 0 ? answer.toString(StandardCharsets.UTF_8) : "";
  }

  private void put(byte[] contents) throws NobodyReads {
    try {
      output.write(contents);
    } catch (IOException e) {
      throw new NobodyReads(e);
    }
  }

  /** Lends a file, but only one that the operator named: what listens on the socket may not be ours to trust. */
  private void read(Hello hello, byte[] contents) throws IOException {
    int limit = ByteBuffer.wrap(contents).getInt();
    String name = new String(contents, 4, contents.length - 4, StandardCharsets.UTF_8);
    if (!hello.words().contains(name)) {
      throw new MalformedFrame(
          "the container asks for " + name + ", which the command line does not name");
    }
    LentFile.send(name, limit, writer);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
