package com.paiml.duende.shell.wire;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** Takes frames from a blocking channel. For one thread. */
public final class FrameReader {
  private final ReadableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(16 << 10).flip();
  private byte kind;

  public FrameReader(ReadableByteChannel channel) {
    this.channel = channel;
  }

  /** The kind of the frame that {@link #next} returned last. */
  public byte kind() {
    return kind;
  }

  /**
   * The contents of the next frame.
   *
   * @throws EOFException when the other side has closed, between two frames
   * @throws MalformedFrame when what came is no frame
   */
  public byte[] next() throws IOException {
    if (!fill(4)) {
      throw new EOFException("closed");
    }
    kind = buffer.get();
    int length =
        ((buffer.get() & 0xff) << 16) | ((buffer.get() & 0xff) << 8) | (buffer.get() & 0xff);
    int limit = Frame.limit(kind);
    if (limit < 0) {
      throw new MalformedFrame("a frame of the unknown kind " + (kind & 0xff));
    }
    if (length > limit) {
      throw new MalformedFrame(
          "a frame of kind " + (char) kind + " with " + length + " bytes, above " + limit);
    }
    byte[] contents = new byte[length];
    int done = Math.min(length, buffer.remaining());
    buffer.get(contents, 0, done);
    ByteBuffer rest = ByteBuffer.wrap(contents, done, length - done);
    while (rest.hasRemaining()) {
      if (channel.read(rest) < 0) {
        throw new MalformedFrame("a frame of kind " + (char) kind + " that breaks off");
      }
    }
    return contents;
  }

  private boolean fill(int wanted) throws IOException {
    while (buffer.remaining() < wanted) {
      buffer.compact();
      int read;
      try {
        read = channel.read(buffer);
      } finally {
        buffer.flip();
      }
      if (read < 0) {
        if (!buffer.hasRemaining()) {
          return false;
        }
        throw new MalformedFrame("a frame that breaks off");
      }
    }
    return true;
  }
}
