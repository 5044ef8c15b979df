package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.FileType;
import com.paiml.duende.adapter.wos.abi.Rights;
import java.io.IOException;

/** Standard streams of a process. */
public final class Streams {

  private Streams() {}

  /** Where a standard output goes. Called by several threads at once. */
  @FunctionalInterface
  public interface Sink {
    /** Takes all of it, in one piece. */
    void write(byte[] data, int from, int length) throws IOException;
  }

  /** {@return an input that has ended} */
  public static OpenFile nothing() {
    return new Input(new byte[0]);
  }

  /** {@return an input of these bytes} */
  public static OpenFile of(byte[] bytes) {
    return new Input(bytes);
  }

  /** {@return an output to that place} */
  public static OpenFile to(Sink sink) {
    return new Output(sink);
  }

  private static final class Input extends OpenFile {

    private final byte[] bytes;
    private int at;

    Input(byte[] bytes) {
      super(FileType.CHARACTER_DEVICE, 0);
      this.bytes = bytes;
    }

    @Override
    public long rights() {
      return super.rights() | Rights.FD_READ;
    }

    @Override
    public synchronized int read(Waiter waiter, byte[] into, int from, int length) {
      int n = Math.min(length, bytes.length - at);
      System.arraycopy(bytes, at, into, from, n);
      at += n;
      return n;
    }

    @Override
    public synchronized long available() {
      return (long) bytes.length - at;
    }

    @Override
    public synchronized boolean hungUp() {
      return at == bytes.length;
    }
  }

  private static final class Output extends OpenFile {

    private final Sink sink;

    Output(Sink sink) {
      super(FileType.CHARACTER_DEVICE, 0);
      this.sink = sink;
    }

    @Override
    public long rights() {
      return super.rights() | Rights.FD_WRITE;
    }

    @Override
    public int write(Waiter waiter, byte[] data, int from, int length) throws Fault {
      try {
        sink.write(data, from, length);
        return length;
      } catch (IOException e) {
        throw new Fault(Errno.IO);
      }
    }
  }
}
