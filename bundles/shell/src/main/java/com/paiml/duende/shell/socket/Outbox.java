package com.paiml.duende.shell.socket;

import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameWriter;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Frames on their way to a client. A thread of its own writes them: a command that is interrupted must not close the channel,
 * as an interrupted write would. A client that does not read makes its own command wait, and nobody else.
 */
final class Outbox implements Runnable {
  private static final int QUEUE = 32;

  /** The kind of a message after which there is none. */
  private static final byte END = 0;

  private final BlockingQueue<Message> queue = new ArrayBlockingQueue<>(QUEUE);
  private final FrameWriter writer;
  private final Runnable failed;
  private volatile boolean broken;

  private static final class Message {
    private final byte kind;
    private final byte[] contents;

    Message(byte kind, byte[] contents) {
      this.kind = kind;
      this.contents = contents;
    }
  }

  /** @param failed run once when the client can no longer be written to */
  Outbox(FrameWriter writer, Runnable failed) {
    this.writer = writer;
    this.failed = failed;
  }

  /** Queues a frame; waits while the queue is full. */
  void send(byte kind, byte... contents) throws IOException {
    put(new Message(kind, contents));
  }

  private void put(Message message) throws IOException {
    try {
      // First without waiting, which an interrupt would forbid: an interrupted command has
      // something to say, too.
      while (!queue.offer(message) && !queue.offer(message, 1, TimeUnit.SECONDS)) {
        if (broken) {
          throw new IOException("the client is gone");
        }
      }
      if (broken) {
        throw new IOException("the client is gone");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException io = new InterruptedIOException("interrupted while writing");
      io.initCause(e);
      throw io;
    }
  }

  /** As {@link #send}, for the last words: not stopped by an interrupt, given up after a while. */
  void sendLast(Duration patience, byte kind, byte... contents) {
    boolean interrupted = Thread.interrupted();
    long deadline = System.nanoTime() + patience.toNanos();
    for (Message message :
        new Message[] {new Message(kind, contents), new Message(END, contents)}) {
      boolean queued = false;
      while (!queued && !broken && deadline - System.nanoTime() > 0) {
        try {
          queued = queue.offer(message, 100, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void run() {
    try {
      for (Message m = queue.take(); m.kind != END; m = queue.take()) {
        writer.write(m.kind, m.contents);
      }
    } catch (IOException e) {
      broken = true;
      failed.run();
    } catch (InterruptedException e) {
      broken = true;
      Thread.currentThread().interrupt();
    }
  }

  /** A stream whose bytes travel as frames of that kind. */
  OutputStream stream(byte kind) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        send(kind, (byte) b);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        for (int at = 0; at < length; at += Frame.LIMIT) {
          int part = Math.min(Frame.LIMIT, length - at);
          byte[] copy = new byte[part];
          System.arraycopy(bytes, offset + at, copy, 0, part);
          send(kind, copy);
        }
      }
    };
  }
}
