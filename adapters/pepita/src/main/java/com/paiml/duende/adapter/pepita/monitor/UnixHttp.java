package com.paiml.duende.adapter.pepita.monitor;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * HTTP/1.1 over a unix socket, one request for each connection: as much as the monitors' APIs need, and the JDK's own client
 * knows no unix sockets. Answers are bounded and waited for no longer than the deadline.
 */
final class UnixHttp {
  private static final int LONGEST = 1 << 20;

  private final Path socket;
  private final String thing;
  private final String monitor;

  UnixHttp(Path socket, String thing, String monitor) {
    this.socket = socket;
    this.thing = thing;
    this.monitor = monitor;
  }

  /** Sends an object and gives the object that is answered; empty where nothing is. */
  Map<String, Object> call(String method, String path, Map<String, ?> body, Deadline deadline)
      throws DaemonException {
    try {
      String text = body.isEmpty() ? "" : Words.write(body);
      byte[] content = text.getBytes(StandardCharsets.UTF_8);
      String head =
          method
              + " "
              + path
              + " HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nConnection: close\r\n"
              + (content.length == 0 ? "" : "Content-Type: application/json\r\n")
              + "Content-Length: "
              + content.length
              + "\r\n\r\n";
      ByteArrayOutputStream request = new ByteArrayOutputStream();
      request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
      request.writeBytes(content);
      return understand(method + " " + path, exchange(request.toByteArray(), deadline));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          thing,
          monitor + " takes no orders on " + socket + ": " + e.getMessage(),
          "see the words of its monitor",
          e);
    }
  }

  private record Answer(int status, String body) {}

  private Answer exchange(byte[] request, Deadline deadline) throws IOException, DaemonException {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        Selector selector = Selector.open()) {
      channel.connect(UnixDomainSocketAddress.of(socket));
      channel.configureBlocking(false);
      SelectionKey key = channel.register(selector, SelectionKey.OP_WRITE);
      ByteBuffer out = ByteBuffer.wrap(request);
      while (out.hasRemaining()) {
        await(selector, deadline);
        int _ = channel.write(out);
      }
      key.interestOps(SelectionKey.OP_READ);
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      ByteBuffer room = ByteBuffer.allocate(8192);
      while (true) {
        Answer whole = parse(all.toByteArray(), false);
        if (whole != null) {
          return whole;
        }
        await(selector, deadline);
        int n = channel.read(room.clear());
        if (n < 0) {
          Answer rest = parse(all.toByteArray(), true);
          if (rest == null) {
            throw new IOException("it ended the connection in the middle of an answer");
          }
          return rest;
        }
        all.write(room.array(), 0, n);
        if (all.size() > LONGEST) {
          throw new IOException("its answer is longer than " + LONGEST + " bytes");
        }
      }
    }
  }

  private void await(Selector selector, Deadline deadline) throws IOException, DaemonException {
    selector.selectedKeys().clear();
    if (selector.select(Math.max(1, deadline.remaining().toMillis())) == 0) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          thing,
          monitor + " did not answer in time",
          "the machine is overloaded, or its monitor hangs: kill the daemon");
    }
  }

  /** An answer that is whole: by its length, or by the end of the connection. */
  private static @org.jspecify.annotations.Nullable Answer parse(byte[] bytes, boolean atEnd)
      throws IOException {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    int end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      return null;
    }
    String[] lines = text.substring(0, end).split("\r\n", -1);
    if (!lines[0].matches("HTTP/1\\.[01] [1-5][0-9][0-9].*")) {
      throw new IOException("it does not speak HTTP: " + lines[0]);
    }
    int status = Integer.parseInt(lines[0].substring(9, 12));
    int length = -1;
    for (String line : lines) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
      }
    }
    if (length < 0 && status == 204) {
      length = 0;
    }
    int from = end + 4;
    if (length < 0 ? !atEnd : bytes.length < from + length) {
      return null;
    }
    int to = length < 0 ? bytes.length : from + length;
    return new Answer(status, new String(bytes, from, to - from, StandardCharsets.UTF_8));
  }

  private Map<String, Object> understand(String request, Answer answer)
      throws IOException, DaemonException {
    if (answer.status() / 100 != 2) {
      String why = answer.body().strip().replace("\n", " ");
      throw new DaemonException(
          ErrorCode.SPAWN,
          thing,
          monitor
              + " refuses "
              + request
              + " ("
              + answer.status()
              + "): "
              + (why.length() > 400 ? why.substring(0, 400) + "…" : why),
          "see the daemon's [pepita] table");
    }
    String body = answer.body().strip();
    return body.startsWith("{") ? Words.read(body) : Map.of();
  }
}
