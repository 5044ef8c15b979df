package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.http.Received;
import com.paiml.duende.adapter.container.http.UnixHttp;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A container's log as it comes. When its reader is slow, the engine is made to wait, so that no more than {@value #ROOM}
 * lines and one piece of the transport are held.
 */
final class ContainerLog implements LogStream, Received {
  static final int ROOM = 1000;
  private static final int MAX_LINE = 64 << 10;

  private final String name;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<LogLine> lines = new ArrayDeque<>();
  private final Lines out = new Lines();
  private final Lines err = new Lines();
  private final Frames frames =
      new Frames((stream, frame) -> (stream == 2 ? err : out).take(frame));
  private final ByteArrayOutputStream refusal = new ByteArrayOutputStream();
  private UnixHttp.@Nullable Stream stream;
  private @Nullable Runnable more;
  private int status;
  private boolean ended;
  private boolean closed;
  private @Nullable Throwable fault;

  ContainerLog(String name) {
    this.name = name;
  }

  /** Lines of one of the two streams. A long line comes in several frames, each with a time of its own. */
  private final class Lines {
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private Optional<Instant> time = Optional.empty();

    void take(byte[] frame) {
      int begin = 0;
      int blank = indexOf(frame, (byte) ' ');
      if (blank > 0) {
        try {
          Instant at = Instant.parse(new String(frame, 0, blank, StandardCharsets.US_ASCII));
          begin = blank + 1;
          if (line.size() == 0) {
            time = Optional.of(at);
          }
        } catch (DateTimeParseException e) {
          begin = 0;
        }
      }
      for (int i = begin; i < frame.length; i++) {
        if (frame[i] == '\n') {
          flush();
        } else {
          line.write(frame[i]);
          if (line.size() == MAX_LINE) {
            flush();
          }
        }
      }
    }

    void flush() {
      lines.add(new LogLine(time, line.toString(StandardCharsets.UTF_8)));
      line.reset();
    }

    void end() {
      if (line.size() > 0) {
        flush();
      }
    }
  }

  private static int indexOf(byte[] bytes, byte wanted) {
    // A time has 20 to 35 characters.
    for (int i = 0; i < Math.min(bytes.length, 40); i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }

  void comesFrom(UnixHttp.Stream from) {
    boolean hangUp;
    lock.lock();
    try {
      stream = from;
      hangUp = closed;
    } finally {
      lock.unlock();
    }
    if (hangUp) {
      from.close();
    }
  }

  @Override
  public void begun(int httpStatus) {
    lock.lock();
    try {
      status = httpStatus;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void bytes(ByteBuffer bytes, Runnable demand) {
    boolean wanted;
    lock.lock();
    try {
      if (status >= 300) {
        while (bytes.hasRemaining() && refusal.size() < 2000) {
          refusal.write(bytes.get());
        }
        bytes.position(bytes.limit());
      } else {
        frames.take(bytes);
      }
      wanted = lines.size() < ROOM;
      more = wanted ? null : demand;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (wanted) {
      demand.run();
    }
  }

  @Override
  public void ended() {
    lock.lock();
    try {
      out.end();
      err.end();
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void failed(Throwable why) {
    lock.lock();
    try {
      out.end();
      err.end();
      ended = true;
      if (!closed) {
        fault = why;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<LogLine> next(Deadline deadline) throws DaemonException {
    Runnable demand = null;
    LogLine line = null;
    lock.lock();
    try {
      while (lines.isEmpty() && !ended && !closed) {
        long left = deadline.remaining().toNanos();
        if (left <= 0) {
          return Optional.empty();
        }
        boolean _ = changed.await(left, TimeUnit.NANOSECONDS);
      }
      if (closed) {
        return Optional.empty();
      }
      line = lines.poll();
      if (line == null) {
        refuse();
        return Optional.empty();
      }
      if (more != null && lines.size() <= ROOM / 2) {
        demand = more;
        more = null;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } finally {
      lock.unlock();
    }
    if (demand != null) {
      demand.run();
    }
    return Optional.of(line);
  }

  private void refuse() throws DaemonException {
    if (status >= 300) {
      status = 0;
      throw new DaemonException(
          ErrorCode.IO,
          name,
          "its log cannot be read: " + refusal.toString(StandardCharsets.UTF_8).strip(),
          "see the engine's log");
    }
    if (fault != null) {
      Throwable why = fault;
      fault = null;
      throw new DaemonException(
          ErrorCode.IO,
          name,
          "its log broke off: " + why.getMessage(),
          "see whether the engine still runs, and ask again",
          why);
    }
  }

  @Override
  public boolean isDone() {
    lock.lock();
    try {
      return closed || (ended && lines.isEmpty() && fault == null && status < 300);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    UnixHttp.Stream hangUp;
    lock.lock();
    try {
      closed = true;
      more = null;
      hangUp = stream;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (hangUp != null) {
      hangUp.close();
    }
  }
}
