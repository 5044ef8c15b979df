package com.paiml.duende.adapter.pepita.log;

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

/** Reads the lines of a {@link VmLog}. They have no times: programs write what they like. */
public final class VmLogReader implements LogStream {

  private static final int LONGEST_LINE = 64 * 1024;

  private final VmLog log;
  private final boolean follow;
  private final byte[] chunk = new byte[LONGEST_LINE];
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private int at;
  private int end;
  private long position;
  private boolean done;
  private volatile boolean closed;

  public VmLogReader(VmLog log, LogQuery query) throws IOException {
    this.log = log;
    this.follow = query.follow();
    this.position = query.last() < 0 ? log.oldest() : positionOfLast(query.last());
  }

  /** Looks for the beginning of the last so many lines, backwards from the end. */
  private long positionOfLast(int lines) throws IOException {
    long last = log.end();
    int ends = 0;
    long from = last;
    while (from > log.oldest()) {
      long begin = Math.max(log.oldest(), from - chunk.length);
      int filled = 0;
      while (begin + filled < from) {
        byte[] part = new byte[(int) (from - begin - filled)];
        VmLog.Piece piece = log.read(begin + filled, part);
        if (piece.count() == 0 || piece.position() != begin + filled) {
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
        Optional<LogLine> whole = fromChunk();
        if (whole.isPresent()) {
          return whole;
        }
        long seen = log.changes();
        if (readChunk()) {
          continue;
        }
        if (!follow || log.isClosed()) {
          done = true;
          return line.size() > 0 ? Optional.of(take()) : Optional.empty();
        }
        if (closed || deadline.hasPassed()) {
          return Optional.empty();
        }
        log.awaitChange(seen, deadline.remaining().toNanos());
      }
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

  private Optional<LogLine> fromChunk() {
    while (at < end) {
      byte b = chunk[at++];
      if (b == '\n') {
        return Optional.of(take());
      }
      line.write(b);
      if (line.size() == LONGEST_LINE) {
        return Optional.of(take());
      }
    }
    return Optional.empty();
  }

  private boolean readChunk() throws IOException {
    VmLog.Piece piece = log.read(position, chunk);
    if (piece.position() != position) {
      // What came next was dropped before it was read: what there is of a line has no end.
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
    return new LogLine(Optional.empty(), text);
  }

  @Override
  public boolean isDone() {
    return closed || (done && line.size() == 0);
  }

  @Override
  public void close() {
    closed = true;
    log.wake();
  }
}
