package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The log of a daemon that is about to be started, from its first line on: it is there when the daemon is. */
final class ComingLog implements LogStream {
  private static final Duration TRY = Duration.ofMillis(50);

  private final DaemonManager manager;
  private final String name;
  private final CountDownLatch closed = new CountDownLatch(1);
  private @Nullable LogStream stream;

  ComingLog(DaemonManager manager, String name) {
    this.manager = manager;
    this.name = name;
  }

  @Override
  public Optional<LogLine> next(Deadline deadline) throws DaemonException {
    Optional<LogStream> open = open();
    while (open.isEmpty() && !deadline.hasPassed() && !pause()) {
      open = open();
    }
    return open.isEmpty() ? Optional.empty() : open.get().next(deadline);
  }

  /** Whether it was closed meanwhile. */
  private boolean pause() {
    try {
      return closed.await(TRY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private synchronized Optional<LogStream> open() throws DaemonException {
    try {
      if (stream == null && closed.getCount() > 0) {
        stream = manager.logs(name, new LogQuery(-1, Optional.empty(), true));
      }
    } catch (DaemonException e) {
      if (!e.code().equals(ErrorCode.NOT_FOUND) && !e.code().equals(ErrorCode.INVALID_STATE)) {
        throw e;
      }
    }
    return Optional.ofNullable(stream);
  }

  @Override
  public synchronized boolean isDone() {
    return stream == null ? closed.getCount() == 0 : stream.isDone();
  }

  @Override
  public synchronized void close() {
    closed.countDown();
    if (stream != null) {
      stream.close();
    }
  }
}
