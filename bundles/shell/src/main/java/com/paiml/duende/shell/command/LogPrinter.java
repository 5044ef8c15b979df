package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.shell.call.Faults;
import com.paiml.duende.shell.text.Width;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Prints the lines of one or several logs as they come. Each log is read by a thread of its own, since a log that is followed
 * may be silent for ever; lines are printed whole.
 */
final class LogPrinter implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(250);
  private static final int BATCH = 8 << 10;

  private final PrintStream out;
  private final boolean prefixed;
  private final boolean times;
  private final List<Reader> readers = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean finishing;
  private int width;

  LogPrinter(PrintStream out, boolean prefixed, boolean times) {
    this.out = out;
    this.prefixed = prefixed;
    this.times = times;
  }

  void add(String name, LogStream stream) {
    readers.add(new Reader(name, stream));
    width = Math.max(width, Width.of(name));
  }

  /** Prints until all logs are at their end, or this thread is interrupted: that ends the reading of logs that are followed. */
  void printAll() throws DaemonException, InterruptedException {
    start();
    join();
  }

  /** Begins to print. */
  void start() {
    for (Reader reader : readers) {
      Thread thread = new Thread(reader, "duende-log-" + reader.name);
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
  }

  /** Waits until all logs are at their end, or nobody reads what is printed. */
  void join() throws DaemonException, InterruptedException {
    for (Thread thread : threads) {
      while (!thread.join(POLL)) {
        if (out.checkError()) {
          return;
        }
      }
    }
    List<DaemonException> faults = readers.stream().flatMap(r -> r.fault.stream()).toList();
    if (!faults.isEmpty()) {
      throw Faults.of(faults);
    }
  }

  /** Ends each log at the first silence: the daemon has ended, and what it said last is on its way. */
  void finish() {
    finishing = true;
  }

  @Override
  public void close() {
    readers.forEach(r -> r.stream.close());
  }

  private synchronized void print(CharSequence lines) {
    out.append(lines);
    out.flush();
  }

  private final class Reader implements Runnable {
    private final String name;
    private final LogStream stream;
    private final StringBuilder batch = new StringBuilder();
    private volatile Optional<DaemonException> fault = Optional.empty();

    Reader(String name, LogStream stream) {
      this.name = name;
      this.stream = stream;
    }

    @Override
    public void run() {
      Deadline now = Deadline.after(Duration.ZERO);
      try {
        boolean silent = false;
        while (!stream.isDone() && !(silent && finishing) && !out.checkError()) {
          // What is there is taken in one go; then what is to come is waited for.
          Optional<LogLine> line = stream.next(now);
          if (line.isEmpty() || batch.length() > BATCH) {
            flush();
          }
          if (line.isEmpty() && !stream.isDone()) {
            line = stream.next(Deadline.after(POLL));
          }
          silent = line.isEmpty();
          line.ifPresent(this::format);
        }
      } catch (DaemonException e) {
        fault = Optional.of(e);
      } finally {
        flush();
      }
    }

    private void flush() {
      if (!batch.isEmpty()) {
        print(batch);
        batch.setLength(0);
      }
    }

    private void format(LogLine line) {
      if (prefixed) {
        batch.append(name).repeat(' ', width - Width.of(name)).append(" | ");
      }
      if (times) {
        batch.append(line.time().map(t -> t + " ").orElse(""));
      }
      batch.append(line.text()).append('\n');
    }
  }
}
