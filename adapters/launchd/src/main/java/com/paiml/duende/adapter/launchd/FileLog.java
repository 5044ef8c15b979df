package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.LogConfig;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.support.log.LineCutter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The file to which launchd appends what a job writes, {@code NAME.log}, and its archives {@code NAME.log.1} (the newest) and
 * on. launchd holds the file open for as long as a run lasts, so that it is put away between two runs, and not within one.
 */
final class FileLog {
  private static final long LOOK_MILLIS = 50;

  private FileLog() {}

  /** Puts the file away if it has grown past its size. */
  static void rotate(Path file, LogConfig config, String daemon) throws DaemonException {
    try {
      if (!Files.exists(file) || Files.size(file) < config.maxSize()) {
        return;
      }
      Files.deleteIfExists(archive(file, config.keep()));
      for (int i = config.keep() - 1; i >= 1; i--) {
        if (Files.exists(archive(file, i))) {
          Files.move(archive(file, i), archive(file, i + 1), StandardCopyOption.REPLACE_EXISTING);
        }
      }
      if (config.keep() > 0) {
        Files.move(file, archive(file, 1), StandardCopyOption.REPLACE_EXISTING);
      } else {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, daemon, "its log cannot be put away: " + e, "see " + file, e);
    }
  }

  private static Path archive(Path file, int number) {
    return file.resolveSibling(file.getFileName() + "." + number);
  }

  static LogStream open(Path file, LogQuery query) throws DaemonException {
    List<Path> files = new ArrayList<>();
    for (int i = 1; Files.exists(archive(file, i)); i++) {
      files.addFirst(archive(file, i));
    }
    files.add(file);
    return new Reader(files, query);
  }

  /** Lines have no time: the program wrote them, nobody else. */
  private static final class Reader implements LogStream {
    private final Deque<Path> files;
    private final boolean follow;

    /** What is left of the last so many lines that were asked for. */
    private final Deque<LogLine> ready = new ArrayDeque<>();

    private final LineCutter cutter = new LineCutter();
    private long position;
    private boolean done;
    private volatile boolean closed;

    Reader(List<Path> files, LogQuery query) throws DaemonException {
      this.files = new ArrayDeque<>(files);
      this.follow = query.follow();
      if (query.last() >= 0) {
        skipTo(query.last());
      }
    }

    /** Keeps the last so many of the lines that are there. */
    private void skipTo(int last) throws DaemonException {
      while (more()) {
        for (var line = cutter.next(); line.isPresent(); line = cutter.next()) {
          ready.add(line.get());
          if (ready.size() > last) {
            LogLine _ = ready.removeFirst();
          }
        }
      }
      if (!follow && cutter.hasRest() && last > 0) {
        ready.add(cutter.rest());
        if (ready.size() > last) {
          LogLine _ = ready.removeFirst();
        }
      }
    }

    @Override
    public Optional<LogLine> next(Deadline deadline) throws DaemonException {
      while (!closed) {
        if (!ready.isEmpty()) {
          return Optional.of(ready.removeFirst());
        }
        Optional<LogLine> line = cutter.next();
        if (line.isPresent()) {
          return line;
        }
        if (more()) {
          continue;
        }
        if (!follow) {
          done = true;
          return cutter.hasRest() ? Optional.of(cutter.rest()) : Optional.empty();
        }
        if (deadline.hasPassed()) {
          return Optional.empty();
        }
        try {
          // Only while somebody follows.
          TimeUnit.NANOSECONDS.sleep(
              Math.min(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS), deadline.remaining().toNanos()));
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return Optional.empty();
        }
      }
      done = true;
      return Optional.empty();
    }

    /** Reads a piece; false when there is nothing more now. */
    private boolean more() throws DaemonException {
      Path file = files.getFirst();
      try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
        if (in.length() < position) {
          position = 0;
        }
        in.seek(position);
        int count = in.read(cutter.piece());
        if (count > 0) {
          position += count;
          cutter.filled(count);
          return true;
        }
      } catch (java.io.FileNotFoundException e) {
        // Nothing was written yet, or it has just been put away.
        position = 0;
      } catch (IOException e) {
        throw new DaemonException(
            ErrorCode.IO, file.toString(), "cannot be read: " + e.getMessage(), "", e);
      }
      if (files.size() > 1) {
        files.removeFirst();
        position = 0;
        return true;
      }
      return false;
    }

    @Override
    public boolean isDone() {
      return closed || (done && ready.isEmpty() && !cutter.hasRest());
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
