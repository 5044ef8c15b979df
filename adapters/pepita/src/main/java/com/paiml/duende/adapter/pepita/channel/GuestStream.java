package com.paiml.duende.adapter.pepita.channel;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A stream to a unix socket in a guest, multiplexed on the machine's channel. Each side allows the other so many bytes
 * ahead; nothing is kept beyond them.
 */
public final class GuestStream implements ByteChannel {
  private static final int AHEAD = 65_536;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Guest guest;
  private final int number;
  private final String thing;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition change = lock.newCondition();
  private final ByteBuffer arrived = ByteBuffer.allocate(AHEAD);
  private int mayWrite = AHEAD;
  private boolean atEnd;
  private boolean closed;

  GuestStream(Guest guest, int number, String thing) {
    this.guest = guest;
    this.number = number;
    this.thing = thing;
  }

  int number() {
    return number;
  }

  boolean arrived(ByteBuffer bytes) {
    lock.lock();
    try {
      if (bytes.remaining() > arrived.remaining()) {
        return false;
      }
      arrived.put(bytes);
      change.signalAll();
      return true;
    } finally {
      lock.unlock();
    }
  }

  void mayWrite(int more) {
    lock.lock();
    try {
      mayWrite = Math.min(AHEAD, mayWrite + Math.max(0, more));
      change.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void endOfStream() {
    lock.lock();
    try {
      atEnd = true;
      change.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for bytes; there is no deadline but {@link #close()}, which ends it. */
  @Override
  public int read(ByteBuffer into) throws IOException {
    int taken;
    lock.lock();
    try {
      while (arrived.position() == 0 && !atEnd && !closed) {
        change.awaitUninterruptibly();
      }
      if (closed) {
        throw new ClosedChannelException();
      }
      if (arrived.position() == 0) {
        return -1;
      }
      arrived.flip();
      taken = Math.min(arrived.remaining(), into.remaining());
      into.put(arrived.slice(arrived.position(), taken));
      arrived.position(arrived.position() + taken);
      arrived.compact();
    } finally {
      lock.unlock();
    }
    guest.sendNow(Kind.STREAM_CREDIT, Frame.Body.of(8).u32(number).u32(taken).end());
    return taken;
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    int all = from.remaining();
    while (from.hasRemaining()) {
      int take = allowed(Math.min(from.remaining(), Frame.LONGEST - 4));
      byte[] piece = new byte[take];
      from.get(piece);
      try {
        guest.send(
            Kind.STREAM_DATA,
            Frame.Body.of(4 + take).u32(number).bytes(piece).end(),
            Deadline.after(PATIENCE));
      } catch (DaemonException e) {
        throw new IOException(e.getMessage(), e);
      }
    }
    return all;
  }

  /** Waits until so many bytes, or fewer, may be written. */
  private int allowed(int wanted) throws IOException {
    lock.lock();
    try {
      long left = PATIENCE.toNanos();
      while (mayWrite == 0 && !atEnd && !closed) {
        if (left <= 0) {
          throw new IOException(thing + ": its guest does not take what is written to a stream");
        }
        left = change.awaitNanos(left);
      }
      if (closed || atEnd) {
        throw new ClosedChannelException();
      }
      int take = Math.min(mayWrite, wanted);
      mayWrite -= take;
      return take;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(thing + ": writing to its guest was interrupted", e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean isOpen() {
    lock.lock();
    try {
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      change.signalAll();
    } finally {
      lock.unlock();
    }
    guest.forget(this);
    guest.sendNow(Kind.STREAM_CLOSE, Frame.Body.of(4).u32(number).end());
  }
}
