package com.paiml.duende.falsification;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.LinkedHashMap;
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
  private final Map<String, Outcome> outcomes = new TreeMap<>();

  /** @param wanted ids asked for; empty: all */
  Report(Path folder, Set<String> wanted) {
    this.folder = folder;
    this.wanted = wanted;
  }

  synchronized void add(Outcome outcome) {
    outcomes.put(outcome.id(), outcome);
  }

  /** One for each claim. */
  synchronized Map<Claim, Outcome> rows() {
    Map<Claim, Outcome> rows = new LinkedHashMap<>();
    for (Claim claim : Claim.all().values()) {
      Outcome outcome = outcomes.get(claim.id());
      if (outcome == null) {
        outcome =
            Outcome.notRun(
                claim.id(),
                !claim.untested().isEmpty()
                    ? claim.untested()
                    : wanted.isEmpty() ? "its test did not run" : "not asked for in this run");
      }
      rows.put(claim, outcome);
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
    Map<Claim, Outcome> rows = rows();
    StringBuilder text = new StringBuilder();
    text.append("# Falsification\n\n")
        .append("What Duende claims of itself, and what became of an attempt to refute it. ")
        .append(count(rows.values(), Outcome.Verdict.HOLDS))
        .append(" hold, ")
        .append(count(rows.values(), Outcome.Verdict.REFUTED))
        .append(" are refuted, ")
        .append(count(rows.values(), Outcome.Verdict.NOT_RUN))
        .append(" were not run here.\n\nMachine: ")
        .append(Machine.here())
        .append(". Time: ")
        .append(Instant.now().truncatedTo(ChronoUnit.SECONDS))
        .append(".\n");
    String section = "";
    for (Map.Entry<Claim, Outcome> row : rows.entrySet()) {
      Claim claim = row.getKey();
      Outcome outcome = row.getValue();
      if (!claim.section().equals(section)) {
        section = claim.section();
        text.append("\n## ")
            .append(section)
            .append("\n\n| id | claim | verdict | measured | rival |\n|---|---|---|---|---|\n");
      }
      text.append("| ")
          .append(claim.id())
          .append(" | ")
          .append(cell(claim.text()))
          .append(" | ")
          .append(outcome.verdict().words())
          .append(" | ")
          .append(cell(outcome.figure().isEmpty() ? outcome.reason() : outcome.figure()))
          .append(" | ")
          .append(cell(outcome.rival()))
          .append(" |\n");
    }
    return text.toString();
  }

  String json() {
    StringBuilder text = new StringBuilder("{\n  \"machine\": ");
    text.append(quoted(Machine.here())).append(",\n  \"claims\": [\n");
    String comma = "";
    for (Map.Entry<Claim, Outcome> row : rows().entrySet()) {
      Outcome o = row.getValue();
      text.append(comma)
          .append("    {\"id\": ")
          .append(quoted(o.id()))
          .append(", \"claim\": ")
          .append(quoted(row.getKey().text()))
          .append(", \"verdict\": ")
          .append(quoted(o.verdict().words()))
          .append(", \"measured\": ")
          .append(quoted(o.figure()))
          .append(", \"rival\": ")
          .append(quoted(o.rival()))
          .append(", \"reason\": ")
          .append(quoted(o.reason()))
          .append(", \"time\": ")
          .append(o.time().equals(Instant.EPOCH) ? "null" : quoted(o.time().toString()))
          .append("}");
      comma = ",\n";
    }
    return text.append("\n  ]\n}\n").toString();
  }

  private static long count(Collection<Outcome> outcomes, Outcome.Verdict verdict) {
    return outcomes.stream().filter(o -> o.verdict() == verdict).count();
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
