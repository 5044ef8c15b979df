package com.paiml.duende.adapter.systemd.bus;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import org.freedesktop.dbus.messages.Message;
import org.freedesktop.dbus.spi.message.IMessageWriter;

/** Writes messages whole. For one thread. */
final class MessageWriter implements IMessageWriter {
  private static final int AT_ONCE = 16 * 1024;

  private final ByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(AT_ONCE);

  /** @param channel that blocks */
  MessageWriter(ByteChannel channel) {
    this.channel = channel;
  }

  @Override
  public void writeMessage(Message message) throws IOException {
    write(message.getWireData());
  }

  /** @param parts of a message; the first that is null ends it */
  void write(byte[][] parts) throws IOException {
    for (byte[] part : parts) {
      if (part == null) {
        break;
      }
      int from = 0;
      while (from < part.length) {
        if (!buffer.hasRemaining()) {
          flush();
        }
        int length = Math.min(part.length - from, buffer.remaining());
        ByteBuffer _ = buffer.put(part, from, length);
        from += length;
      }
    }
    flush();
  }

  private void flush() throws IOException {
    try {
      ByteBuffer _ = buffer.flip();
      while (buffer.hasRemaining()) {
        int _ = channel.write(buffer);
      }
    } finally {
      ByteBuffer _ = buffer.clear();
    }
  }

  @Override
  public boolean isClosed() {
    return !channel.isOpen();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
