package com.paiml.duende.testkit.conformance;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Optional;

/** Reads a log that is one growing file. */
final class FileLog implements LogStream {
  private final RandomAccessFile file;
  private final boolean follow;
  private final ArrayDeque<String> lines = new ArrayDeque<>();
  private String torn = "";
  private boolean atEnd;
  private volatile boolean closed;

  FileLog(Path path, LogQuery query) throws DaemonException {
    follow = query.follow();
    try {
      file = new RandomAccessFile(path.toFile(), "r");
      read();
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.IO, path.toString(), "cannot be read", "look at it", e);
    }
    while (query.last() >= 0 && lines.size() > query.last()) {
      lines.removeFirst();
    }
  }

  private void read() throws IOException {
    byte[] more = new byte[(int) (file.length() - file.getFilePointer())];
    file.readFully(more);
    String text = torn + new String(more, StandardCharsets.UTF_8);
    int end = text.lastIndexOf('\n') + 1;
    torn = text.substring(end);
    text.substring(0, end).lines().forEach(lines::add);
    atEnd = more.length == 0;
  }

  @Override
  public Optional<LogLine> next(Deadline deadline) throws DaemonException {
    try {
      while (lines.isEmpty() && !closed) {
        read();
        if (lines.isEmpty() && (!follow || deadline.hasPassed())) {
          break;
        }
        if (lines.isEmpty()) {
          Thread.sleep(5);
        }
      }
    } catch (IOException | InterruptedException e) {
      throw new DaemonException(ErrorCode.IO, "log", "cannot be read", "look at it", e);
    }
    return Optional.ofNullable(lines.poll()).map(l -> new LogLine(Optional.empty(), l));
  }

  @Override
  public boolean isDone() {
    return closed || (!follow && atEnd && lines.isEmpty());
  }

  @Override
  public void close() {
    closed = true;
  }
}
