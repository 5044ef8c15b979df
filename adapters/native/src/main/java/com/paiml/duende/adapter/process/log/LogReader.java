package com.paiml.duende.adapter.process.log;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads the lines of a {@link LogBook}, and follows them. Lines have no time: the program wrote them, nobody else. */
final class LogReader implements LogStream {
  private static final int MAX_LINE = 64 * 1024;

  private final LogBook book;
  private final boolean follow;
  private final byte[] chunk = new byte[MAX_LINE];
  private final ByteArrayOutputStream line = new ByteArrayOutputStream(256);
  private int at;
  private int end;
  private long position;
  private boolean done;
  private volatile boolean closed;

  LogReader(LogBook book, LogQuery query) throws IOException {
    this.book = book;
    this.follow = query.follow();
    this.position = query.last() < 0 ? book.oldest() : book.positionOfLast(query.last());
    if (follow) {
      book.follow();
    }
  }

  @Override
  public Optional<LogLine> next(Deadline deadline) throws DaemonException {
    try {
      while (!closed) {
        Optional<LogLine> whole = fromChunk();
        if (whole.isPresent()) {
          return whole;
        }
        long seen = book.changes();
        if (closed) {
          break;
        }
        if (readChunk()) {
          continue;
        }
        if (!follow) {
          done = true;
          return line.size() > 0 ? Optional.of(take()) : Optional.empty();
        }
        if (deadline.hasPassed()) {
          return Optional.empty();
        }
        book.awaitGrowth(seen, deadline.remaining().toNanos());
      }
      done = true;
      return Optional.empty();
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, book.file().toString(), "cannot be read: " + e.getMessage(), "", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private Optional<LogLine> fromChunk() {
    while (at < end) {
      byte b = chunk[at++];
      if (b == '\n') {
        return Optional.of(take());
      }
      line.write(b);
      if (line.size() >= MAX_LINE) {
        return Optional.of(take());
      }
    }
    return Optional.empty();
  }

  private boolean readChunk() throws IOException {
    LogBook.Piece piece = book.read(position, chunk);
    if (piece.position() != position) {
      // What comes next was dropped before it was read: what we have of a line has no end.
      line.reset();
    }
    at = 0;
    end = piece.count();
    position = piece.position() + piece.count();
    return piece.count() > 0;
  }

  private LogLine take() {
    String text = line.toString(StandardCharsets.UTF_8);
    line.reset();
    return new LogLine(
        Optional.empty(), text.endsWith("\r") ? text.substring(0, text.length() - 1) : text);
  }

  @Override
  public boolean isDone() {
    return closed || (done && line.size() == 0);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (follow) {
      book.unfollow();
    }
  }
}
