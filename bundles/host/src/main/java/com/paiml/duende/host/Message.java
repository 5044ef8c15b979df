package com.paiml.duende.host;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.Optional;

/** One frame: a length of four bytes, then kind, request number and body. At most 1 MiB. */
final class Message {
  /** Both sides begin with it; another number ends the conversation. */
  static final int VERSION = 1;

  private static final int MAX_BYTES = 1 << 20;
  private static final int HEAD = 1 + Long.BYTES;

  /** What a frame says. Numbers are the protocol's: none is ever given to something else. */
  enum Kind {
    /** From both, first: the version. */
    HELLO(1),
    // From the JVM.
    READY(2),
    HEARTBEAT(3),
    STATUS(4),
    /** Its run has ended; the exit reason. */
    STOPPING(5),
    /** To a request: what was asked for. */
    ANSWER(6),
    /** To a request: why not, as text. */
    REFUSAL(7),
    // From the manager.
    HEALTH(16),
    METRICS(17),
    SIGNAL(18),
    RELOAD(19);

    private final int number;

    Kind(int number) {
      this.number = number;
    }

    static Optional<Kind> of(int number) {
      for (Kind kind : values()) {
        if (kind.number == number) {
          return Optional.of(kind);
        }
      }
      return Optional.empty();
    }
  }

  private final Kind kind;
  private final long request;
  private final byte[] body;

  /**
   * @param kind what it says
   * @param request number of the request that it makes or answers; 0 for what is said unasked
   * @param body as {@link RecordCodec} encodes it; may be empty
   */
  private Message(Kind kind, long request, byte[] body) {
    this.kind = kind;
    this.request = request;
    this.body = body;
  }

  Kind kind() {
    return kind;
  }

  long request() {
    return request;
  }

  static Message of(Kind kind) {
    return new Message(kind, 0, new byte[0]);
  }

  static Message of(Kind kind, long request, Object value) throws IOException {
    Message message = new Message(kind, request, RecordCodec.encode(value));
    if (message.body.length > MAX_BYTES - HEAD) {
      throw new IOException(kind + " is larger than 1 MiB");
    }
    return message;
  }

  <T> T value(Class<T> type) throws IOException {
    return RecordCodec.decode(body, type);
  }

  void writeTo(DataOutputStream out) throws IOException {
    out.writeInt(HEAD + body.length);
    out.writeByte(kind.number);
    out.writeLong(request);
    out.write(body);
    out.flush();
  }

  /** A kind that this side does not know is skipped: empty. */
  static Optional<Message> readFrom(DataInputStream in) throws IOException {
    int length = in.readInt();
    if (length < HEAD || length > MAX_BYTES) {
      throw new IOException("a frame of " + length + " bytes is not of this protocol");
    }
    int number = in.readUnsignedByte();
    long request = in.readLong();
    byte[] body = new byte[length - HEAD];
    in.readFully(body);
    return Kind.of(number).map(kind -> new Message(kind, request, body));
  }
}
