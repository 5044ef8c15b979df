package com.paiml.duende.adapter.systemd.journal;

import com.paiml.duende.adapter.systemd.kernel.Machine;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The journal of a machine, read with journalctl(1): one process for each reader, and only while it reads. */
public final class Journal {
  /** SD_MESSAGE_UNIT_SUCCESS of systemd/sd-messages.h: the unit's last run ended well. */
  private static final String SUCCESS = "7ad2d189f7e94e70a38c781354912448";

  private static final Duration LOOK = Duration.ofSeconds(5);
  private static final List<String> PLACES = List.of("/usr/bin/journalctl", "/bin/journalctl");

  private final Machine machine;
  private final boolean ofUser;

  public Journal(Machine machine, boolean ofUser) {
    this.machine = machine;
    this.ofUser = ofUser;
  }

  /** Why it cannot be read; empty when it can. */
  public String problem() {
    return PLACES.stream().anyMatch(p -> Files.isExecutable(Path.of(p)))
        ? ""
        : "journalctl is not here; install systemd's journal";
  }

  /**
   * The lines that a unit has printed. Of the system's units by journald's word for whose they are; a user's are known by
   * the name that the user manager has given them.
   */
  public LogStream open(String unit, LogQuery query) throws DaemonException {
    if (query.last() == 0 && !query.follow()) {
      return new Nothing();
    }
    List<String> words = command("--all", "--output-fields=MESSAGE,_LINE_BREAK,_STREAM_ID");
    words.add("--lines=" + (query.last() < 0 ? "all" : Integer.toString(query.last())));
    if (query.follow()) {
      words.add("--follow");
    }
    query
        .since()
        .ifPresent(
            s ->
                words.add(
                    String.format(
                        java.util.Locale.ROOT,
                        "--since=@%d.%06d",
                        s.getEpochSecond(),
                        s.getNano() / 1000)));
    words.add("_TRANSPORT=stdout");
    if (ofUser) {
      words.add("SYSLOG_IDENTIFIER=" + unit);
    } else {
      words.add("_SYSTEMD_UNIT=" + unit);
    }
    return JournalStream.open(words, unit);
  }

  /** How a run ended that is not in the manager's memory any more: whether the manager has said that it ended well. */
  public Optional<ExitReason> endOf(String invocation, Deadline deadline) {
    if (invocation.isEmpty() || !problem().isEmpty()) {
      return Optional.empty();
    }
    List<String> words = command("--output-fields=MESSAGE");
    words.add("--lines=1");
    words.add("MESSAGE_ID=" + SUCCESS);
    words.add((ofUser ? "USER_INVOCATION_ID=" : "INVOCATION_ID=") + invocation);
    try (LogStream lines = JournalStream.open(words, invocation)) {
      Optional<LogLine> line = lines.next(deadline.orAfter(LOOK));
      return line.map(l -> new ExitReason.Graceful());
    } catch (DaemonException unreadable) {
      return Optional.empty();
    }
  }

  private List<String> command(String... options) {
    List<String> words = new ArrayList<>();
    words.add(
        PLACES.stream()
            .filter(p -> Files.isExecutable(Path.of(p)))
            .findFirst()
            .orElse(PLACES.getFirst()));
    words.add("--quiet");
    words.add("--no-pager");
    words.add("--output=export");
    if (!machine.isHere()) {
      words.add("--root=" + machine.root());
    }
    words.addAll(List.of(options));
    return words;
  }

  /** No lines were asked for. */
  private static final class Nothing implements LogStream {
    @Override
    public Optional<LogLine> next(Deadline deadline) {
      return Optional.empty();
    }

    @Override
    public boolean isDone() {
      return true;
    }

    @Override
    public void close() {}
  }

  static DaemonException unreadable(String thing, IOException e) {
    return new DaemonException(
        ErrorCode.IO,
        thing,
        "the journal cannot be read: " + e.getMessage(),
        "see whether journalctl works, and whether you may read it (group systemd-journal)",
        e);
  }
}
