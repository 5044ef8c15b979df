package com.paiml.duende.manager.journal;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.spi.DaemonHandle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** The runs of before, as {@code runs.log} has them. */
final class RunsFile {
  private final LineLog.Contents contents;
  private final Map<String, RunRecord> runs = new LinkedHashMap<>();
  private final List<String> problems;
  private String container = "";

  private RunsFile(LineLog.Contents contents) {
    this.contents = contents;
    problems = new ArrayList<>(contents.problems());
    take(contents.lines());
  }

  /** A file that is being read. */
  interface Reading {
    /**
     * Waits for it.
     *
     * @throws IOException when it cannot be read, or is of a later version
     */
    RunsFile await() throws IOException;
  }

  /**
   * Reads the file on a thread of its own. Whoever takes up the daemons has the other file to read meanwhile, and as long as that
   * lasts nobody is answered.
   */
  static Reading read(Path file) {
    CompletableFuture<RunsFile> read =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return new RunsFile(LineLog.read(file, "runs"));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            },
            r -> Thread.ofPlatform().daemon().name("duende-journal-read").start(r));
    return () -> {
      try {
        return read.join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof UncheckedIOException u) {
          throw u.getCause();
        }
        throw e;
      }
    };
  }

  LineLog.Contents contents() {
    return contents;
  }

  /** By instance, in the order of their first records. */
  Map<String, RunRecord> runs() {
    return runs;
  }

  /** What was wrong with the file, for people. */
  List<String> problems() {
    return problems;
  }

  /** The process that wrote it last; empty when none has said so. */
  String container() {
    return container;
  }

  /** There are many records of a run, and only the last counts: the others are not even understood. */
  private void take(List<Line> lines) {
    Map<String, List<Line>> records = new LinkedHashMap<>();
    for (Line line : lines) {
      String name = line.text("name").orElse("");
      switch (line.kind()) {
        case "container" -> container = line.text("is").orElse("");
        case "run" -> records.computeIfAbsent(name, n -> new ArrayList<>()).add(line);
        case "gone" -> records.remove(name);
        default -> problems.add("runs.log: a record of kind \"" + line.kind() + "\", passed over");
      }
    }
    records.forEach((name, all) -> takeRun(name, all.reversed()));
  }

  /** The first that can be read. */
  private void takeRun(String name, List<Line> lastFirst) {
    for (Line line : lastFirst) {
      try {
        runs.put(name, run(line));
        return;
      } catch (DaemonException | IllegalArgumentException | DateTimeException e) {
        problems.add("runs.log: run of " + name + " cannot be read: " + e.getMessage());
      }
    }
  }

  private static RunRecord run(Line line) throws DaemonException {
    Optional<DaemonHandle> handle = Optional.empty();
    if (line.text("h.platform").isPresent()) {
      Map<String, String> data = new LinkedHashMap<>();
      line.fields()
          .forEach(
              (k, v) -> {
                if (k.startsWith("h.d.")) {
                  data.put(k.substring(4), String.valueOf(v));
                }
              });
      handle =
          Optional.of(
              new DaemonHandle(
                  line.text("h.platform").orElse(""),
                  line.text("h.name").orElse(""),
                  DaemonId.parse(line.text("h.id").orElse("")),
                  line.number("h.generation", 0),
                  data));
    }
    DaemonStatus.State state = DaemonStatus.State.valueOf(line.text("state").orElse("CREATED"));
    List<String> failure = line.texts("failure");
    List<String> exit = line.texts("exit");
    return new RunRecord(
        handle,
        line.number("generation", 0),
        line.flag("inProcess"),
        Instant.parse(line.text("startedAt").orElse("1970-01-01T00:00:00Z")),
        line.flag("ready"),
        line.flag("open"),
        exit.isEmpty() ? Optional.empty() : Optional.of(Reasons.exit(exit)),
        line.number("restarts", 0),
        state == DaemonStatus.State.FAILED
            ? DaemonStatus.failed(Reasons.failure(failure))
            : new DaemonStatus(state, Optional.empty()),
        line.flag("byShutdown"));
  }
}
