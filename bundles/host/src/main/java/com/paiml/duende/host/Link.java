package com.paiml.duende.host;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One side of a conversation: a thread that reads, a thread that writes, and between them and everybody else a bounded queue,
 * so that nobody ever waits for the other side by sending.
 */
final class Link implements AutoCloseable {
  private static final int QUEUE = 256;

  /** Hears what comes; on the reading thread. */
  interface Listener {
    void received(Message message) throws IOException;

    /** Once, at the end; the reason is for people. */
    void closed(String why);
  }

  private final ByteChannel channel;
  private final Listener listener;
  private final BlockingQueue<Message> queue = new ArrayBlockingQueue<>(QUEUE);
  private final AtomicInteger unwritten = new AtomicInteger();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Thread reader;
  private final Thread writer;

  Link(String name, ByteChannel channel, Listener listener) {
    this.channel = channel;
    this.listener = listener;
    this.reader = Thread.ofPlatform().daemon().name(name + "-read").unstarted(this::read);
    this.writer = Thread.ofPlatform().daemon().name(name + "-write").unstarted(this::write);
  }

  void start() {
    reader.start();
    writer.start();
  }

  /** Sends it when its turn comes. A side that does not read is not waited for: then the link ends. */
  void send(Message message) {
    unwritten.incrementAndGet();
    if (!closed.get() && !queue.offer(message)) {
      close("the other side has not read " + QUEUE + " messages");
    }
  }

  /** Waits until everything sent so far is written, or the time has passed. */
  void drain(long millis) throws InterruptedException {
    long end = System.nanoTime() + millis * 1_000_000;
    while (unwritten.get() > 0 && !closed.get() && System.nanoTime() - end < 0) {
      Thread.sleep(1);
    }
  }

  private void read() {
    try {
      DataInputStream in =
          new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel)));
      while (!closed.get()) {
        Optional<Message> message = Message.readFrom(in);
        if (message.isPresent()) {
          listener.received(message.get());
        }
      }
    } catch (EOFException | ClosedChannelException end) {
      close("the other side has closed");
    } catch (IOException | RuntimeException fault) {
      close(String.valueOf(fault.getMessage()));
    }
  }

  private void write() {
    try {
      DataOutputStream out =
          new DataOutputStream(new BufferedOutputStream(Channels.newOutputStream(channel)));
      while (!closed.get()) {
        queue.take().writeTo(out);
        unwritten.decrementAndGet();
      }
    } catch (InterruptedException end) {
      close("closed");
    } catch (IOException fault) {
      close(String.valueOf(fault.getMessage()));
    }
  }

  boolean isClosed() {
    return closed.get();
  }

  private void close(String why) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    writer.interrupt();
    try {
      channel.close();
    } catch (IOException e) {
      // It is closed either way, and there is nobody to be told but the listener.
      listener.closed(why + "; " + e.getMessage());
      return;
    }
    listener.closed(why);
  }

  @Override
  public void close() {
    close("closed");
  }
}
