package com.paiml.duende.host;

import java.io.IOException;
import java.io.OutputStream;

/** Writes whole lines with one call each: several threads, and children of the daemon, share the file behind it. */
final class WholeLines extends OutputStream {
  private static final int MAX_LINE = 64 * 1024;

  private final OutputStream to;
  private byte[] line = new byte[256];
  private int length;

  WholeLines(OutputStream to) {
    this.to = to;
  }

  @Override
  public synchronized void write(int b) throws IOException {
    if (length == line.length) {
      line = java.util.Arrays.copyOf(line, line.length * 2);
    }
    line[length++] = (byte) b;
    if (b == '\n' || length == MAX_LINE) {
      flush();
    }
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int count) throws IOException {
    for (int i = offset; i < offset + count; i++) {
      write(bytes[i]);
    }
  }

  @Override
  public synchronized void flush() throws IOException {
    if (length > 0) {
      int n = length;
      length = 0;
      to.write(line, 0, n);
    }
  }
}
