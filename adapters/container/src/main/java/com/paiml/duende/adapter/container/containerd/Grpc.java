package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.adapter.container.http.Received;
import com.paiml.duende.adapter.container.http.UnixHttp;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.ByteArrayOutputStream;
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Calls of gRPC: a request of HTTP/2 whose body is messages, each behind a byte 0 and its length, and whose trailers tell how
 * it went.
 *
 * @see <a href="https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md">gRPC over HTTP2</a>
 */
final class Grpc {
  private static final String TYPE = "application/grpc";
  private static final int PREFIX = 5;
  private static final int MAX_MESSAGE = 16 << 20;
  static final int OK = 0;
  static final int NOT_FOUND = 5;
  static final int ALREADY_EXISTS = 6;
  static final int FAILED_PRECONDITION = 9;

  private final UnixHttp http;
  private final String namespace;

  /** @param namespace of containerd, which keeps the containers of its users apart by it */
  Grpc(UnixHttp http, String namespace) {
    this.http = http;
    this.namespace = namespace;
  }

  /** The call was answered with an error. */
  static final class Refused extends DaemonException {
    private static final long serialVersionUID = 1L;
    private final int status;

    Refused(ErrorCode code, int status, String thing, String problem, String remedy) {
      super(code, thing, problem, remedy);
      this.status = status;
    }

    int status() {
      return status;
    }
  }

  /** One message there, one back. */
  ProtoMessage call(String method, ProtoWriter request, Deadline deadline) throws DaemonException {
    List<byte[]> answers = callAll(method, request, deadline);
    return ProtoMessage.read(answers.isEmpty() ? new byte[0] : answers.getFirst());
  }

  /** One message there, and those that come back. */
  List<byte[]> callAll(String method, ProtoWriter request, Deadline deadline)
      throws DaemonException {
    UnixHttp.Answer answer =
        http.post(
            "/" + method,
            TYPE,
            frame(request),
            Map.of("containerd-namespace", namespace),
            deadline);
    String status = answer.header("grpc-status");
    if (answer.status() != 200 || (!status.isEmpty() && !status.equals("0"))) {
      throw refused(method, status, answer);
    }
    List<byte[]> messages = new ArrayList<>();
    new Unframing(messages::add).take(ByteBuffer.wrap(answer.body()));
    return messages;
  }

  private static Refused refused(String method, String status, UnixHttp.Answer answer) {
    int number = status.matches("\\d{1,2}") ? Integer.parseInt(status) : -1;
    String words = decoded(answer.header("grpc-message"));
    if (words.isEmpty()) {
      words = "status " + answer.status();
    }
    String shorter =
        words.length() <= 600
            ? words
            : words.substring(0, 300) + " … " + words.substring(words.length() - 300);
    boolean full = words.contains("no space left on device");
    ErrorCode code =
        switch (full ? -1 : number) {
          case NOT_FOUND -> ErrorCode.NOT_FOUND;
          case ALREADY_EXISTS -> ErrorCode.ALREADY_EXISTS;
          case FAILED_PRECONDITION -> ErrorCode.INVALID_STATE;
          default -> full ? ErrorCode.RESOURCE_LIMIT : ErrorCode.IO;
        };
    return new Refused(
        code,
        number,
        "container",
        "containerd refuses "
            + method.substring(method.lastIndexOf('.') + 1)
            + (full ? ": its disk is full: " : ": ")
            + shorter.strip(),
        full
            ? "remove images and containers that nobody needs (ctr images rm, ctr containers rm)"
            : "see what containerd says in its log");
  }

  /** What is not percent-encoded as gRPC has it is taken as it is. */
  private static String decoded(String message) {
    try {
      return URLDecoder.decode(message.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return message;
    }
  }

  /** Messages without end. Closing it hangs up. */
  UnixHttp.Stream stream(String method, ProtoWriter request, Listener listener)
      throws DaemonException {
    Unframing unframing = new Unframing(listener::message);
    return http.stream(
        "POST",
        "/" + method,
        TYPE,
        frame(request),
        Map.of("containerd-namespace", namespace),
        new Received() {
          @Override
          public void begun(int status) {
            listener.begun();
          }

          @Override
          public void bytes(ByteBuffer bytes, Runnable more) {
            unframing.take(bytes);
            more.run();
          }

          @Override
          public void ended() {
            listener.ended();
          }

          @Override
          public void failed(Throwable why) {
            listener.ended();
          }
        });
  }

  /** Who takes a stream. Called on threads of the transport, one call at a time. */
  interface Listener {
    void begun();

    void message(byte[] message);

    void ended();
  }

  private static byte[] frame(ProtoWriter request) {
    byte[] message = request.toBytes();
    return ByteBuffer.allocate(PREFIX + message.length)
        .put((byte) 0)
        .putInt(message.length)
        .put(message)
        .array();
  }

  /** Takes the frames apart, however they come. */
  private static final class Unframing {
    private final java.util.function.Consumer<byte[]> to;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

    Unframing(java.util.function.Consumer<byte[]> to) {
      this.to = to;
    }

    void take(ByteBuffer bytes) {
      byte[] fresh = new byte[bytes.remaining()];
      bytes.get(fresh);
      kept.writeBytes(fresh);
      ByteBuffer all = ByteBuffer.wrap(kept.toByteArray());
      while (all.remaining() >= PREFIX) {
        int length = all.getInt(all.position() + 1);
        if (length < 0 || length > MAX_MESSAGE) {
          throw new IllegalStateException("a message of " + length + " bytes");
        }
        if (all.remaining() < PREFIX + length) {
          break;
        }
        all.position(all.position() + PREFIX);
        byte[] message = new byte[length];
        all.get(message);
        to.accept(message);
      }
      kept.reset();
      byte[] rest = new byte[all.remaining()];
      all.get(rest);
      kept.writeBytes(rest);
    }
  }
}
