package com.paiml.duende.launcher;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;

/**
 * Where the container's own messages go: {@code log/duende.log}, rotated, and the standard error of a container in the
 * foreground. Everything that bundles and libraries log arrives here through java.util.logging (System.Logger and slf4j end
 * there too).
 */
final class Logs implements AutoCloseable {
  private static final long LIMIT = 10 << 20;
  private static final int KEEP = 5;

  private final PrintStream file;

  private Logs(PrintStream file) {
    this.file = file;
  }

  static Logs open(Layout layout, Mode mode, Level level) throws LauncherException {
    PrintStream file;
    try {
      file = stream(new RotatingFile(layout.log().resolve("duende.log"), LIMIT, KEEP));
    } catch (IOException e) {
      throw new LauncherException("cannot write " + layout.log().resolve("duende.log"), e);
    }
    Logger root = Logger.getLogger("");
    for (Handler handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
    root.setLevel(level);
    root.addHandler(handler(file, level));
    switch (mode) {
      case BACKGROUND -> {
        // Nobody reads them, and a file that only grows is no place for them.
        System.setOut(file);
        System.setErr(file);
      }
      case FOREGROUND -> root.addHandler(handler(stderr(), level));
      case RUN, TRAIN -> root.addHandler(handler(stderr(), Level.SEVERE));
    }
    return new Logs(file);
  }

  private static PrintStream stderr() {
    return stream(new FileOutputStream(FileDescriptor.err));
  }

  private static PrintStream stream(OutputStream out) {
    return new PrintStream(out, true, StandardCharsets.UTF_8);
  }

  private static Handler handler(PrintStream out, Level level) {
    Handler handler =
        new StreamHandler(out, new Line()) {
          @Override
          public synchronized void publish(LogRecord record) {
            super.publish(record);
            flush();
          }
        };
    handler.setLevel(level);
    return handler;
  }

  @Override
  public void close() {
    for (Handler handler : Logger.getLogger("").getHandlers()) {
      handler.flush();
    }
    file.flush();
  }

  /** One message: time in UTC, level, who, what. */
  private static final class Line extends Formatter {
    @Override
    public String format(LogRecord record) {
      StringBuilder line = new StringBuilder(120);
      line.append(Instant.ofEpochMilli(record.getMillis()).truncatedTo(ChronoUnit.MILLIS));
      line.append(' ').append(name(record.getLevel())).append(' ').append(record.getLoggerName());
      line.append(": ").append(formatMessage(record)).append('\n');
      if (record.getThrown() != null) {
        StringWriter trace = new StringWriter();
        record.getThrown().printStackTrace(new PrintWriter(trace));
        line.append(trace);
      }
      return line.toString();
    }

    private static String name(Level level) {
      int value = level.intValue();
      if (value >= Level.SEVERE.intValue()) {
        return "ERROR";
      }
      if (value >= Level.WARNING.intValue()) {
        return "WARN ";
      }
      return value >= Level.INFO.intValue() ? "INFO " : "DEBUG";
    }
  }
}
