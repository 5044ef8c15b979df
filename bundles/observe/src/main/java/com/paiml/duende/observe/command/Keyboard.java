package com.paiml.duende.observe.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.CommandTerminal;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** Single keys, as they come: a thread of its own waits for them, so that the screen goes on meanwhile. */
final class Keyboard implements AutoCloseable {
  static final int END = -1;
  private static final int WAITING = 64;

  private final CommandTerminal terminal;
  private final InputStream in;
  private final BlockingQueue<Integer> keys = new ArrayBlockingQueue<>(WAITING);
  private final Thread thread;

  Keyboard(CommandTerminal terminal, InputStream in) throws DaemonException {
    this.terminal = terminal;
    this.in = in;
    terminal.keys(true);
    this.thread = Thread.ofPlatform().daemon().name("duende-top-keys").start(this::read);
  }

  private void read() {
    try {
      for (int key = in.read(); key >= 0; key = in.read()) {
        keys.put(key);
      }
      keys.put(END);
    } catch (IOException gone) {
      boolean _ = keys.offer(END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The next key, {@link #END} when there will be none; empty when none came in time. */
  OptionalInt next(Duration wait) throws InterruptedException {
    Integer key = keys.poll(wait.toMillis(), TimeUnit.MILLISECONDS);
    return key == null ? OptionalInt.empty() : OptionalInt.of(key);
  }

  @Override
  public void close() throws DaemonException {
    thread.interrupt();
    terminal.keys(false);
  }
}
