package com.paiml.duende.adapter.pepita.channel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * One message: eight bytes of header (magic, kind, length) and a body, numbers little-endian.
 *
 * @param kind one of {@link Kind}
 * @param body from its position to its limit
 */
public record Frame(int kind, ByteBuffer body) {
  /** No body is longer. */
  public static final int LONGEST = 65_536;

  static final int HEADER = 8;
  private static final int MAGIC = 0x31504550;

  /** Bytes of a body, made up of numbers and texts. */
  public static final class Body {
    private final ByteBuffer bytes;

    private Body(int room) {
      bytes = ByteBuffer.allocate(room).order(ByteOrder.LITTLE_ENDIAN);
    }

    public static Body of(int room) {
      return new Body(room);
    }

    public Body u8(int value) {
      bytes.put((byte) value);
      return this;
    }

    public Body u16(int value) {
      bytes.putShort((short) value);
      return this;
    }

    public Body u32(long value) {
      bytes.putInt((int) value);
      return this;
    }

    public Body u64(long value) {
      bytes.putLong(value);
      return this;
    }

    public Body bytes(byte[] value) {
      bytes.put(value);
      return this;
    }

    public Body text(String value) {
      return bytes(value.getBytes(StandardCharsets.UTF_8));
    }

    public ByteBuffer end() {
      return bytes.flip();
    }
  }

  /** The bytes that go over the channel. */
  static ByteBuffer encode(int kind, ByteBuffer body) {
    int length = body.remaining();
    if (length > LONGEST) {
      throw new IllegalArgumentException("a body of " + length + " bytes");
    }
    return ByteBuffer.allocate(HEADER + length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(MAGIC)
        .putInt(kind | length << 8)
        .put(body.duplicate())
        .flip();
  }

  /** Takes frames out of a stream. What is no frame is skipped and counted. For one thread. */
  static final class Reader {
    private final ByteBuffer bytes =
        ByteBuffer.allocate(2 * (HEADER + LONGEST)).order(ByteOrder.LITTLE_ENDIAN);
    private long skipped;

    /** Adds as much as there is room for. */
    void add(ByteBuffer more) {
      bytes.compact();
      int take = Math.min(bytes.remaining(), more.remaining());
      bytes.put(more.slice(more.position(), take));
      more.position(more.position() + take);
      bytes.flip();
    }

    Reader() {
      bytes.flip();
    }

    /** The next whole frame; its body is valid until the next call of {@link #add}. */
    Optional<Frame> next() {
      while (bytes.remaining() >= HEADER) {
        int at = bytes.position();
        int word = bytes.getInt(at + 4);
        int length = word >>> 8;
        if (bytes.getInt(at) != MAGIC || length > LONGEST) {
          bytes.position(at + 1);
          skipped++;
          continue;
        }
        if (bytes.remaining() < HEADER + length) {
          return Optional.empty();
        }
        ByteBuffer body =
            bytes.slice(at + HEADER, length).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
        bytes.position(at + HEADER + length);
        return Optional.of(new Frame(word & 0xff, body));
      }
      return Optional.empty();
    }

    /** How many bytes were no frames. */
    long skipped() {
      return skipped;
    }
  }
}
