package org.example.duende.ssh;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** Reads a log file of the far side in pieces; while it is followed it looks again a few times a second. */
final class RemoteLog implements LogStream {
  private static final int MOST_LINE = 64 << 10;
  private static final Duration LOOK = Duration.ofMillis(100);

  /** For one answer: far sides can be very busy. */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** The next piece from an offset; empty at the end of what there is. */
  interface Source {
    byte[] read(long offset, Deadline deadline) throws DaemonException;
  }

  private final Source source;
  private final boolean follow;
  private final Deque<String> lines = new ArrayDeque<>();
  private final ByteArrayOutputStream begun = new ByteArrayOutputStream();
  private final Object monitor = new Object();
  private long offset;
  private boolean done;
  private volatile boolean closed;

  RemoteLog(Source source, LogQuery query) throws DaemonException {
    this.source = source;
    follow = query.follow();
    // What is there now; of it the last lines that are wanted.
    while (fill()) {
      while (query.last() >= 0 && lines.size() > query.last()) {
        lines.removeFirst();
      }
    }
    if (!follow) {
      flush();
      while (query.last() >= 0 && lines.size() > query.last()) {
        lines.removeFirst();
      }
      done = true;
    }
  }

  private boolean fill() throws DaemonException {
    byte[] piece = source.read(offset, Deadline.after(PATIENCE));
    offset += piece.length;
    for (byte b : piece) {
      if (b == '\n') {
        lines.addLast(begun.toString(StandardCharsets.UTF_8));
        begun.reset();
      } else {
        begun.write(b);
        if (begun.size() >= MOST_LINE) {
          flush();
        }
      }
    }
    return piece.length > 0;
  }

  private void flush() {
    if (begun.size() > 0) {
      lines.addLast(begun.toString(StandardCharsets.UTF_8));
      begun.reset();
    }
  }

  @Override
  public Optional<LogLine> next(Deadline deadline) throws DaemonException {
    while (lines.isEmpty() && follow && !closed) {
      if (!fill() && !pause(deadline)) {
        return Optional.empty();
      }
    }
    return closed || lines.isEmpty()
        ? Optional.empty()
        : Optional.of(new LogLine(Optional.empty(), lines.removeFirst()));
  }

  /** Whether there is time for another look. */
  private boolean pause(Deadline deadline) {
    synchronized (monitor) {
      if (closed || deadline.hasPassed()) {
        return false;
      }
      try {
        monitor.wait(Math.max(1, Math.min(LOOK.toMillis(), deadline.remaining().toMillis())));
        return !closed;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  @Override
  public boolean isDone() {
    return closed || (done && lines.isEmpty());
  }

  @Override
  public void close() {
    synchronized (monitor) {
      closed = true;
      monitor.notifyAll();
    }
  }
}
