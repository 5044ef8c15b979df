package com.paiml.duende.falsification;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * All 110 claims and what became of each in this run, as Markdown and JSON: {@code report.md} and {@code report.json}. Written
 * when the run ends. A run of some claims only says so of the others.
 */
final class Report implements AutoCloseable {
  private final Path folder;
  private final Set<String> wanted;
  private final String began = Machine.load();
  private final Map<String, List<Outcome>> outcomes = new TreeMap<>();

  /** @param wanted ids asked for; empty: all */
  Report(Path folder, Set<String> wanted) {
    this.folder = folder;
    this.wanted = wanted;
  }

  synchronized void add(Outcome outcome) {
    outcomes.computeIfAbsent(outcome.id(), id -> new ArrayList<>()).add(outcome);
  }

  /** One for each claim. */
  synchronized List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    for (Claim claim : Claim.all().values()) {
      List<Outcome> found = outcomes.getOrDefault(claim.id(), List.of());
      if (found.isEmpty()) {
        found =
            List.of(
                Outcome.notRun(
                    claim.id(),
                    !claim.untested().isEmpty()
                        ? claim.untested()
                        : wanted.isEmpty() ? "its test did not run" : "not asked for in this run"));
      }
      rows.add(new Row(claim, found));
    }
    return rows;
  }

  @Override
  public void close() {
    try {
      Files.createDirectories(folder);
      Files.writeString(folder.resolve("report.md"), markdown());
      Files.writeString(folder.resolve("report.json"), json());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String markdown() {
    List<Row> rows = rows();
    StringBuilder text = new StringBuilder();
    text.append("# Falsification\n\n")
        .append("What Duende claims of itself, and what became of an attempt to refute it. ")
        .append(count(rows, Outcome.Verdict.HOLDS))
        .append(" hold, ")
        .append(count(rows, Outcome.Verdict.REFUTED))
        .append(" are refuted, ")
        .append(count(rows, Outcome.Verdict.NOT_RUN))
        .append(" were not run here.\n\nMachine: ")
        .append(Machine.here())
        .append(". Time: ")
        .append(Instant.now().truncatedTo(ChronoUnit.SECONDS))
        .append(". Load: ")
        .append(began)
        .append(" when it began, ")
        .append(Machine.load())
        .append(" at the end (processes that wanted a processor, average of 15 minutes).\n\n")
        .append(
            "Made by `./duende falsify --publish`; how it works, in"
                + " [testing](testing.md#falsification). ")
        .append(
            "A refuted claim about behaviour fails the build; one about time or size is told and"
                + " does not. ")
        .append(
            "Where a claim is made of every adapter it is attacked on each, and the verdict is the"
                + " worst.\n");
    String section = "";
    for (Row row : rows) {
      if (!row.claim().section().equals(section)) {
        section = row.claim().section();
        text.append("\n## ")
            .append(section)
            .append("\n\n| id | claim | verdict | measured | rival |\n|---|---|---|---|---|\n");
      }
      text.append("| ")
          .append(row.claim().id())
          .append(" | ")
          .append(cell(row.claim().text()))
          .append(" | ")
          .append(row.verdict().words())
          .append(" | ")
          .append(cell(row.measured()))
          .append(" | ")
          .append(cell(row.rival()))
          .append(" |\n");
    }
    return text.toString();
  }

  String json() {
    StringBuilder text = new StringBuilder("{\n  \"machine\": ");
    text.append(quoted(Machine.here()))
        .append(",\n  \"load\": ")
        .append(quoted(began + " to " + Machine.load()))
        .append(",\n  \"claims\": [\n");
    String comma = "";
    for (Row row : rows()) {
      text.append(comma)
          .append("    {\"id\": ")
          .append(quoted(row.claim().id()))
          .append(", \"claim\": ")
          .append(quoted(row.claim().text()))
          .append(", \"verdict\": ")
          .append(quoted(row.verdict().words()));
      if (row.onEach()) {
        text.append(", \"adapters\": [");
        String inner = "";
        for (Outcome outcome : row.outcomes()) {
          text.append(inner)
              .append("\n      {\"adapter\": ")
              .append(quoted(outcome.on()))
              .append(", \"verdict\": ")
              .append(quoted(outcome.verdict().words()));
          figures(text, outcome);
          inner = ",";
        }
        text.append("]}");
      } else {
        figures(text, row.outcomes().getFirst());
      }
      comma = ",\n";
    }
    return text.append("\n  ]\n}\n").toString();
  }

  /** The rest of an object that has begun, and its end. */
  private static void figures(StringBuilder text, Outcome outcome) {
    text.append(", \"measured\": ")
        .append(quoted(outcome.figure()))
        .append(", \"rival\": ")
        .append(quoted(outcome.rival()))
        .append(", \"reason\": ")
        .append(quoted(outcome.reason()))
        .append(", \"time\": ")
        .append(outcome.time().equals(Instant.EPOCH) ? "null" : quoted(outcome.time().toString()))
        .append("}");
  }

  private static long count(List<Row> rows, Outcome.Verdict verdict) {
    return rows.stream().filter(o -> o.verdict() == verdict).count();
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replace('\n', ' ');
  }

  private static String quoted(String text) {
    StringBuilder s = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> s.append("\\\"");
        case '\\' -> s.append("\\\\");
        default -> {
          if (c < ' ') {
            s.append(String.format("\\u%04x", (int) c));
          } else {
            s.append(c);
          }
        }
      }
    }
    return s.append('"').toString();
  }
}
