package com.paiml.duende.support.rotation;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The log of a daemon object: lines are written whole, in the order in which they were completed, and the file is rotated
 * when it is full. A flood is held back by the file, not by memory. What cannot be written is counted, and the count
 * written when that is possible again; the daemon never sees an exception.
 */
public final class LogWriter extends OutputStream {
  private static final Logger LOGGER = System.getLogger(LogWriter.class.getName());
  private static final int MAX_LINE = 64 * 1024;

  private final LogBook book;
  private final OpenLogs open;
  private final ReentrantLock lock = new ReentrantLock();
  private byte[] line = new byte[128];
  private int length;
  private long size;
  private long lost;
  private @Nullable OutputStream out;

  LogWriter(LogBook book, OpenLogs open) {
    this.book = book;
    this.open = open;
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int count) {
    lock.lock();
    try {
      int from = offset;
      for (int i = offset; i < offset + count; i++) {
        if (bytes[i] == '\n') {
          append(bytes, from, i + 1 - from);
          writeLine();
          from = i + 1;
        }
      }
      append(bytes, from, offset + count - from);
    } finally {
      lock.unlock();
    }
    book.grew();
  }

  /** Writes what there is of a line. */
  @Override
  public void flush() {
    lock.lock();
    try {
      writeLine();
    } finally {
      lock.unlock();
    }
    book.grew();
  }

  /** Ends a line that was begun, if there is one. */
  public void endLine() {
    lock.lock();
    try {
      if (length > 0) {
        append(new byte[] {'\n'}, 0, 1);
        writeLine();
      }
    } finally {
      lock.unlock();
    }
    book.grew();
  }

  /** Writes one line of ours. */
  public void say(String text) {
    byte[] bytes = ("[duende: " + text + "]\n").getBytes(StandardCharsets.UTF_8);
    endLine();
    write(bytes, 0, bytes.length);
  }

  private void append(byte[] bytes, int offset, int count) {
    int from = offset;
    int left = count;
    while (left > 0) {
      int room = MAX_LINE - length;
      int take = Math.min(room, left);
      if (length + take > line.length) {
        line =
            java.util.Arrays.copyOf(
                line, Math.min(MAX_LINE, Math.max(length + take, line.length * 2)));
      }
      System.arraycopy(bytes, from, line, length, take);
      length += take;
      from += take;
      left -= take;
      if (length == MAX_LINE) {
        writeLine();
      }
    }
  }

  private void writeLine() {
    if (length == 0) {
      return;
    }
    try {
      if (lost > 0) {
        byte[] note =
            ("[duende: " + lost + " lines lost, the log could not be written]\n")
                .getBytes(StandardCharsets.UTF_8);
        writeOut(note, note.length);
        lost = 0;
      }
      writeOut(line, length);
    } catch (IOException e) {
      if (lost++ == 0) {
        LOGGER.log(Level.WARNING, book.file() + ": lines are being lost: " + e.getMessage());
      }
      closeFile();
    }
    length = 0;
    if (line.length > 8192) {
      line = new byte[128];
    }
  }

  private void writeOut(byte[] bytes, int count) throws IOException {
    OutputStream to = out;
    if (to == null) {
      to = new FileOutputStream(book.file().toFile(), true);
      out = to;
      size = book.length();
      open.opened(this);
    }
    if (size > 0 && size + count > book.config().maxSize()) {
      closeFile();
      rotate();
      to = new FileOutputStream(book.file().toFile(), true);
      out = to;
      size = 0;
      open.opened(this);
    }
    to.write(bytes, 0, count);
    size += count;
  }

  private void rotate() throws IOException {
    book.rotatedByName(
        () -> {
          if (Files.exists(book.file())) {
            book.archives().push(book.file(), book.config().keep());
          }
        });
  }

  /** Closes the file until the next line, unless a line is being written. */
  void letGo() {
    if (lock.tryLock()) {
      try {
        closeFile();
      } finally {
        lock.unlock();
      }
    }
  }

  private void closeFile() {
    OutputStream was = out;
    out = null;
    if (was != null) {
      open.closed(this);
      try {
        was.close();
      } catch (IOException e) {
        LOGGER.log(Level.DEBUG, book.file() + ": close", e);
      }
    }
  }

  /** Writes the rest. Lines that come later (of threads that a daemon has left behind) are still taken. */
  @Override
  public void close() {
    endLine();
    lock.lock();
    try {
      closeFile();
    } finally {
      lock.unlock();
    }
  }
}
