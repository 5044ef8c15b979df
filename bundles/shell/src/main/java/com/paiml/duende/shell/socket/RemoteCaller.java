package com.paiml.duende.shell.socket;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.Hello;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** Whoever is at the other end of a connection. */
final class RemoteCaller implements Caller {
  private final Hello hello;
  private final Outbox outbox;
  private final RemoteInput input;
  private final RemoteFile files;
  private final PrintStream err;
  private final List<Runnable> afterwards = new ArrayList<>();
  private volatile int columns;
  private volatile int rows;
  private volatile Runnable resized = () -> {};

  RemoteCaller(Hello hello, Outbox outbox, RemoteInput input, RemoteFile files, PrintStream err) {
    this.hello = hello;
    this.outbox = outbox;
    this.input = input;
    this.files = files;
    this.err = err;
    this.columns = hello.columns();
    this.rows = hello.rows();
  }

  @Override
  public boolean isTerminal(int stream) {
    return hello.isTerminal(stream);
  }

  @Override
  public boolean colour() {
    return hello.colour();
  }

  @Override
  public int columns() {
    return columns;
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public String term() {
    return hello.term();
  }

  @Override
  public PrintStream err() {
    return err;
  }

  void resize(int newColumns, int newRows) {
    columns = newColumns;
    rows = newRows;
    resized.run();
  }

  @Override
  public void onResize(Runnable task) {
    resized = task;
  }

  @Override
  public byte[] read(String name, int limit) throws DaemonException {
    if (!name.equals("-")) {
      return files.read(name, limit);
    }
    try {
      byte[] contents = input.readNBytes(limit + 1);
      if (contents.length > limit) {
        throw new DaemonException(
            ErrorCode.IO, "standard input", "is larger than " + limit + " bytes", "");
      }
      return contents;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, "standard input", "cannot be read: " + e.getMessage(), "", e);
    }
  }

  @Override
  public void keys(boolean single) throws DaemonException {
    try {
      outbox.send(Frame.KEYS, (byte) (single ? 1 : 0));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, "terminal", "cannot be set: " + e.getMessage(), "", e);
    }
  }

  @Override
  public void afterwards(Runnable task) {
    afterwards.add(task);
  }

  /** What is to be done now that the answer is given. */
  void runAfterwards() {
    afterwards.forEach(Runnable::run);
  }
}
