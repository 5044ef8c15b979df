package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The file into which containerd writes a container's output, as lines; it keeps no times. Space that was given back at its
 * beginning reads as zeros, which are skipped.
 */
final class LogFile implements LogStream {
  private static final int PIECE = 64 << 10;
  private static final int MAX_LINE = 64 << 10;
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final Path file;
  private final LogQuery query;
  private final BooleanSupplier alive;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<LogLine> lines = new ArrayDeque<>();
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final @Nullable FileChannel channel;
  private boolean begun;
  private boolean ended;
  private volatile boolean closed;

  /** @param alive whether something may still write into it */
  LogFile(Path file, LogQuery query, BooleanSupplier alive) throws DaemonException {
    this.file = file;
    this.query = query;
    this.alive = alive;
    try {
      channel = Files.isRegularFile(file) ? FileChannel.open(file, StandardOpenOption.READ) : null;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private DaemonException unreadable(IOException e) {
    return new DaemonException(
        ErrorCode.IO, file.toString(), "cannot be read: " + e.getMessage(), "see its rights", e);
  }

  /** Reads what is there. */
  private void read() throws IOException {
    FileChannel from = channel;
    if (from == null) {
      return;
    }
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    while (lines.size() < 1000 || !begun) {
      piece.clear();
      if (from.read(piece) <= 0) {
        return;
      }
      piece.flip();
      while (piece.hasRemaining()) {
        take(piece.get());
      }
    }
  }

  private void take(byte b) {
    if (b == '\n') {
      flush();
    } else if (b != 0) {
      line.write(b);
      if (line.size() == MAX_LINE) {
        flush();
      }
    }
  }

  private void flush() {
    lines.add(new LogLine(Optional.empty(), line.toString(StandardCharsets.UTF_8)));
    line.reset();
    // Of the past no more is kept than is wanted.
    if (!begun && query.last() >= 0 && lines.size() > query.last()) {
      var _ = lines.removeFirst();
    }
  }

  @Override
  public Optional<LogLine> next(Deadline deadline) throws DaemonException {
    lock.lock();
    try {
      while (!closed) {
        // Looked at before the file is: what it wrote last is then read.
        boolean last = query.follow() ? !alive.getAsBoolean() : true;
        if (lines.isEmpty() && !ended) {
          read();
          begun = true;
        }
        if (!lines.isEmpty()) {
          return Optional.of(lines.removeFirst());
        }
        if (last) {
          end();
          return Optional.ofNullable(lines.poll());
        }
        if (deadline.hasPassed()) {
          return Optional.empty();
        }
        long _ = changed.awaitNanos(Math.min(LOOK_NANOS, deadline.remaining().toNanos()));
      }
      return Optional.empty();
    } catch (IOException e) {
      throw unreadable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  private void end() {
    if (!ended && line.size() > 0) {
      flush();
    }
    ended = true;
  }

  @Override
  public boolean isDone() {
    lock.lock();
    try {
      return closed || (ended && lines.isEmpty());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    closed = true;
    lock.lock();
    try {
      changed.signalAll();
      FileChannel from = channel;
      if (from != null) {
        from.close();
      }
    } catch (IOException e) {
      System.getLogger(LogFile.class.getName())
          .log(System.Logger.Level.DEBUG, "closing {0}: {1}", file, e.getMessage());
    } finally {
      lock.unlock();
    }
  }
}
