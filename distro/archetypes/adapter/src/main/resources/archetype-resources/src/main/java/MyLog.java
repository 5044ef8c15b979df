package ${package};

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** Reads a log file; looks again a few times a second while it is followed. */
final class MyLog implements LogStream {
  private static final long LOOK_MILLIS = 50;

  private final Path file;
  private final boolean follow;
  private final Deque<String> lines = new ArrayDeque<>();
  private final Object monitor = new Object();
  private final BufferedReader reader;
  private final StringBuilder begun = new StringBuilder();
  private volatile boolean closed;

  MyLog(Path file, LogQuery query) throws DaemonException {
    this.file = file;
    follow = query.follow();
    try {
      reader = Files.newBufferedReader(file);
    } catch (IOException e) {
      throw fault(e);
    }
    fill();
    if (!follow && !begun.isEmpty()) {
      lines.addLast(begun.toString());
    }
    while (query.last() >= 0 && lines.size() > query.last()) {
      lines.removeFirst();
    }
  }

  private void fill() throws DaemonException {
    try {
      for (int c = reader.read(); c >= 0; c = reader.read()) {
        if (c == '\n') {
          lines.addLast(begun.toString());
          begun.setLength(0);
        } else {
          begun.append((char) c);
        }
      }
    } catch (IOException e) {
      throw fault(e);
    }
  }

  private DaemonException fault(IOException e) {
    return new DaemonException(
        ErrorCode.IO, file.toString(), "cannot be read: " + e.getMessage(), "", e);
  }

  @Override
  public Optional<LogLine> next(Deadline deadline) throws DaemonException {
    synchronized (monitor) {
      while (follow && lines.isEmpty() && !closed) {
        fill();
        if (lines.isEmpty()) {
          if (deadline.hasPassed()) {
            return Optional.empty();
          }
          try {
            monitor.wait(Math.clamp(deadline.remaining().toMillis(), 1, LOOK_MILLIS));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
          }
        }
      }
      return closed || lines.isEmpty()
          ? Optional.empty()
          : Optional.of(new LogLine(Optional.empty(), lines.removeFirst()));
    }
  }

  @Override
  public boolean isDone() {
    return closed || (!follow && lines.isEmpty());
  }

  @Override
  public void close() {
    synchronized (monitor) {
      closed = true;
      monitor.notifyAll();
    }
    try {
      reader.close();
    } catch (IOException e) {
      // Nothing was written.
      closed = true;
    }
  }
}
