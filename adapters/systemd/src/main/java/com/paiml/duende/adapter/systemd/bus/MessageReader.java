package com.paiml.duende.adapter.systemd.bus;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ByteChannel;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.messages.Message;
import org.freedesktop.dbus.messages.MessageFactory;
import org.freedesktop.dbus.spi.message.IMessageReader;
import org.jspecify.annotations.Nullable;

/**
 * Reads messages, as many at once as there are. Their form: the D-Bus specification, "Message Format". For one thread; another
 * may close it.
 */
final class MessageReader implements IMessageReader {
  private static final int AT_ONCE = 16 * 1024;
  private static final int FIXED = 12;
  private static final int LENGTH = 4;
  private static final int ALIGNED = 8;
  private static final int ORDER = 0;
  private static final int TYPE = 1;
  private static final int VERSION = 3;

  private final ByteChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(AT_ONCE).flip();

  /** @param channel that blocks */
  MessageReader(ByteChannel channel) {
    this.channel = channel;
  }

  /** The next one that is not about somebody else's unit. */
  @Override
  public Message readMessage() throws IOException, DBusException {
    Message message;
    do {
      message = next();
    } while (message == null);
    return message;
  }

  private @Nullable Message next() throws IOException, DBusException {
    byte[] fixed = new byte[FIXED];
    take(fixed, 0, FIXED);
    if (fixed[VERSION] != Message.PROTOCOL) {
      throw new IOException("the bus speaks version " + fixed[VERSION] + " of D-Bus");
    }
    ByteOrder order =
        switch (fixed[ORDER]) {
          case 'l' -> ByteOrder.LITTLE_ENDIAN;
          case 'B' -> ByteOrder.BIG_ENDIAN;
          default -> throw new IOException("what the bus says is no message of D-Bus");
        };
    byte[] length = new byte[LENGTH];
    take(length, 0, LENGTH);
    long fields = number(length, 0, order);
    long body = number(fixed, LENGTH, order);
    if (fields > Message.MAXIMUM_ARRAY_LENGTH
        || FIXED + LENGTH + fields + body > Message.MAXIMUM_MESSAGE_LENGTH) {
      throw new IOException(
          "the bus has a message that is longer than one may be: " + (fields + body) + " bytes");
    }
    int padded = Math.toIntExact((fields + ALIGNED - 1) / ALIGNED * ALIGNED);
    // The library has the fields begin where an aligned message would have them.
    byte[] header = new byte[ALIGNED + padded];
    System.arraycopy(length, 0, header, 0, LENGTH);
    take(header, ALIGNED, padded);
    byte[] contents = new byte[Math.toIntExact(body)];
    take(contents, 0, contents.length);
    return Others.isOfOthers(fixed[TYPE], header, contents)
        ? null
        : MessageFactory.createMessage(fixed[TYPE], fixed, header, contents, null);
  }

  private static long number(byte[] from, int at, ByteOrder order) {
    return Integer.toUnsignedLong(ByteBuffer.wrap(from).order(order).getInt(at));
  }

  private void take(byte[] to, int at, int length) throws IOException {
    int from = at;
    int end = at + length;
    while (from < end) {
      if (!buffer.hasRemaining()) {
        fill();
      }
      int some = Math.min(end - from, buffer.remaining());
      ByteBuffer _ = buffer.get(to, from, some);
      from += some;
    }
  }

  private void fill() throws IOException {
    ByteBuffer _ = buffer.clear();
    int read;
    try {
      read = channel.read(buffer);
    } finally {
      ByteBuffer _ = buffer.flip();
    }
    if (read < 0) {
      throw new EOFException("the bus has closed the connection");
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
