package com.paiml.duende.shell.socket;

import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.MalformedFrame;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Objects;

/** The client's standard input, fetched as it is read: what no command asked for stays with the client. */
final class RemoteInput extends InputStream {
  private static final int PIECE = 8 << 10;

  private final Outbox outbox;
  private byte[] bytes = new byte[0];
  private int next;
  private boolean asked;
  private boolean ended;

  RemoteInput(Outbox outbox) {
    this.outbox = outbox;
  }

  /** What came from the client. */
  synchronized void arrived(byte[] contents) throws MalformedFrame {
    if (!asked || contents.length > PIECE) {
      throw new MalformedFrame("input that was not asked for");
    }
    asked = false;
    bytes = contents;
    next = 0;
    ended = contents.length == 0;
    notifyAll();
  }

  /** There will be no more. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public synchronized int read(byte[] to, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, to.length);
    if (length == 0) {
      return 0;
    }
    try {
      while (next == bytes.length && !ended) {
        if (!asked) {
          asked = true;
          outbox.send(Frame.NEED, ByteBuffer.allocate(4).putInt(PIECE).array());
        }
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException io = new InterruptedIOException("interrupted while reading");
      io.initCause(e);
      throw io;
    }
    int count = Math.min(length, bytes.length - next);
    if (count == 0) {
      return -1;
    }
    System.arraycopy(bytes, next, to, offset, count);
    next += count;
    return count;
  }

  @Override
  public synchronized int available() {
    return bytes.length - next;
  }
}
