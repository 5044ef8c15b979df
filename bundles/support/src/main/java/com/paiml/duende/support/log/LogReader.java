package com.paiml.duende.support.log;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.io.IOException;
import java.util.Optional;

/** Reads the lines of a {@link ReadableLog}, and follows them. For one thread; {@link #close()} may come from another. */
public final class LogReader implements LogStream {
  private final ReadableLog log;
  private final boolean follow;
  private final LineCutter cutter = new LineCutter();
  private long position;
  private boolean done;
  private volatile boolean closed;

  public LogReader(ReadableLog log, LogQuery query) throws IOException {
    this.log = log;
    this.follow = query.follow();
    this.position = query.last() < 0 ? log.oldest() : positionOfLast(query.last());
    if (follow) {
      log.follow();
    }
  }

  /**
   * Looks for the beginning of the last so many lines, backwards from the end. Who follows from the end on gets the whole of
   * the line that is being written.
   */
  private long positionOfLast(int lines) throws IOException {
    long last = log.end();
    if (lines == 0 && !follow) {
      return last;
    }
    byte[] chunk = cutter.piece();
    int ends = 0;
    long from = last;
    while (from > log.oldest()) {
      long begin = Math.max(log.oldest(), from - chunk.length);
      int filled = 0;
      while (begin + filled < from) {
        byte[] part = new byte[(int) (from - begin - filled)];
        ReadableLog.Piece piece = log.read(begin + filled, part);
        if (piece.count() == 0 || piece.position() != begin + filled) {
          // Rotated away meanwhile.
          return piece.position();
        }
        System.arraycopy(part, 0, chunk, filled, piece.count());
        filled += piece.count();
      }
      for (int i = filled - 1; i >= 0; i--) {
        boolean endOfLast = begin + i == last - 1;
        if (chunk[i] == '\n'
            && (!endOfLast || lines == 0)
            && ++ends > (lines == 0 ? 0 : lines - 1)) {
          return begin + i + 1;
        }
      }
      from = begin;
    }
    return lines == 0 ? last : log.oldest();
  }

  @Override
  public Optional<LogLine> next(Deadline deadline) throws DaemonException {
    try {
      while (!closed) {
        Optional<LogLine> whole = cutter.next();
        if (whole.isPresent()) {
          return whole;
        }
        long seen = log.changes();
        if (closed) {
          break;
        }
        boolean over = log.isClosed();
        if (read()) {
          continue;
        }
        if (!follow || over) {
          done = true;
          return cutter.hasRest() ? Optional.of(cutter.rest()) : Optional.empty();
        }
        if (deadline.hasPassed()) {
          return Optional.empty();
        }
        log.awaitChange(seen, deadline.remaining().toNanos());
      }
      done = true;
      return Optional.empty();
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          log.file().toString(),
          "cannot be read: " + e.getMessage(),
          "check its rights",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private boolean read() throws IOException {
    ReadableLog.Piece piece = log.read(position, cutter.piece());
    if (piece.position() != position) {
      // What came next was dropped before it was read: what there is of a line has no end.
      cutter.forgetRest();
    }
    cutter.filled(piece.count());
    position = piece.position() + piece.count();
    return piece.count() > 0;
  }

  @Override
  public boolean isDone() {
    return closed || (done && !cutter.hasRest());
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (follow) {
      log.unfollow();
    }
  }
}
