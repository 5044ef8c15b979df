package com.paiml.duende.shell.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Puts frames into a blocking channel. Any thread; frames do not mix. */
public final class FrameWriter {
  private final WritableByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocate(16 << 10);

  public FrameWriter(WritableByteChannel channel) {
    this.channel = channel;
  }

  /** Writes one frame. */
  public synchronized void write(byte kind, byte[] contents, int offset, int length)
      throws IOException {
    if (length > Frame.limit(kind)) {
      throw new MalformedFrame(length + " bytes are too long for a frame");
    }
    buffer.clear();
    buffer.put(kind).put((byte) (length >> 16)).put((byte) (length >> 8)).put((byte) length);
    int first = Math.min(length, buffer.remaining());
    buffer.put(contents, offset, first).flip();
    drain(buffer);
    if (first < length) {
      drain(ByteBuffer.wrap(contents, offset + first, length - first));
    }
  }

  public void write(byte kind, byte... contents) throws IOException {
    write(kind, contents, 0, contents.length);
  }

  private void drain(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int written = channel.write(bytes);
      if (written < 0) {
        throw new IOException("closed");
      }
    }
  }
}
