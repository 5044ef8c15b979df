package com.paiml.duende.adapter.systemd.journal;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/** Lines from one journalctl. It is read on a thread of its own, which waits when nobody takes its lines. */
final class JournalStream implements LogStream {
  private static final int AHEAD = 1024;

  /** journald cuts long lines; pieces are put together again up to here. */
  private static final int LONGEST = 64 << 10;

  private final Process process;
  private final String thing;
  private final BlockingQueue<Item> items = new ArrayBlockingQueue<>(AHEAD);
  private final Thread reader;
  private volatile boolean closed;
  private boolean done;

  private sealed interface Item {}

  private record Line(LogLine line) implements Item {}

  private record Broken(IOException fault) implements Item {}

  private record End() implements Item {}

  private JournalStream(Process process, String thing) {
    this.process = process;
    this.thing = thing;
    this.reader = Thread.ofPlatform().name("duende-systemd-journal").daemon().unstarted(this::read);
  }

  static LogStream open(List<String> words, String thing) throws DaemonException {
    try {
      ProcessBuilder builder = new ProcessBuilder(words);
      builder.environment().clear();
      builder.redirectError(ProcessBuilder.Redirect.DISCARD);
      Process process = builder.start();
      process.getOutputStream().close();
      JournalStream stream = new JournalStream(process, thing);
      stream.reader.start();
      return stream;
    } catch (IOException e) {
      throw Journal.unreadable(thing, e);
    }
  }

  private void read() {
    Item last = new End();
    try (InputStream in = process.getInputStream()) {
      ExportReader entries = new ExportReader(in);
      Joiner joiner = new Joiner();
      for (Optional<ExportReader.Entry> e = entries.next(); e.isPresent(); e = entries.next()) {
        for (LogLine line : joiner.add(e.get())) {
          items.put(new Line(line));
        }
      }
      for (LogLine line : joiner.rest()) {
        items.put(new Line(line));
      }
    } catch (IOException e) {
      last = closed ? new End() : new Broken(e);
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
      return;
    }
    try {
      items.put(last);
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Optional<LogLine> next(Deadline deadline) throws DaemonException {
    if (done || closed) {
      return Optional.empty();
    }
    try {
      Item item = items.poll(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
      return switch (item) {
        case null -> Optional.empty();
        case Line(LogLine line) -> Optional.of(line);
        case Broken(IOException fault) -> {
          done = true;
          throw Journal.unreadable(thing, fault);
        }
        case End end -> {
          done = true;
          yield Optional.empty();
        }
      };
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  @Override
  public boolean isDone() {
    return done || closed || (items.peek() instanceof End);
  }

  @Override
  public void close() {
    closed = true;
    Process _ = process.destroyForcibly();
    reader.interrupt();
    // Wakes whoever waits in next.
    boolean _ = items.offer(new End());
  }

  /** Puts together what journald has cut; pieces of several streams may alternate. */
  static final class Joiner {
    private final StringBuilder text = new StringBuilder();
    private String stream = "";
    private Optional<Instant> since = Optional.empty();

    List<LogLine> add(ExportReader.Entry entry) {
      boolean cut = entry.field("_LINE_BREAK").equals("line-max");
      List<LogLine> out = new java.util.ArrayList<>();
      if (!text.isEmpty() && !stream.equals(entry.field("_STREAM_ID"))) {
        out.addAll(rest());
      }
      if (text.isEmpty()) {
        since = entry.time();
        stream = entry.field("_STREAM_ID");
      }
      text.append(entry.field("MESSAGE"));
      if (!cut || text.length() >= LONGEST) {
        out.addAll(flush());
      }
      return out;
    }

    List<LogLine> rest() {
      return text.isEmpty() ? List.of() : flush();
    }

    private List<LogLine> flush() {
      LogLine line = new LogLine(since, text.toString());
      text.setLength(0);
      return List.of(line);
    }
  }

  static String utf8(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
