package com.paiml.duende.bench;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/** Figures for people and for programs. */
final class Printer {
  private Printer() {}

  static String text(List<Figure> figures, String machine) {
    StringBuilder text = new StringBuilder(machine).append('\n');
    String scenario = "";
    for (Figure f : figures) {
      if (!f.scenario().equals(scenario)) {
        scenario = f.scenario();
        text.append('\n').append(scenario).append('\n');
      }
      text.append(
          String.format(
              Locale.ROOT,
              "  %-30s %-14s %18s  %8s  %s%n",
              f.what(),
              f.who(),
              f.text(),
              ratio(f, figures).map(r -> String.format(Locale.ROOT, "%.2f x", r)).orElse(""),
              f.note()));
    }
    return text.append("\nThe ratio is to Duende's figure of the same run.\n").toString();
  }

  static String json(List<Figure> figures, String machine) {
    StringBuilder text =
        new StringBuilder("{\n  \"machine\": ")
            .append(quoted(machine))
            .append(",\n  \"figures\": [");
    String comma = "\n";
    for (Figure f : figures) {
      text.append(comma)
          .append("    {\"scenario\": ")
          .append(quoted(f.scenario()))
          .append(", \"what\": ")
          .append(quoted(f.what()))
          .append(", \"who\": ")
          .append(quoted(f.who()))
          .append(", \"value\": ")
          .append(
              f.value().isPresent()
                  ? String.format(Locale.ROOT, "%.4f", f.value().getAsDouble())
                  : "null")
          .append(", \"unit\": ")
          .append(quoted(f.unit()))
          .append(", \"ratio\": ")
          .append(ratio(f, figures).map(r -> String.format(Locale.ROOT, "%.3f", r)).orElse("null"))
          .append(", \"note\": ")
          .append(quoted(f.note()))
          .append('}');
      comma = ",\n";
    }
    return text.append("\n  ]\n}\n").toString();
  }

  /** How many times Duende's figure it is. */
  static Optional<Double> ratio(Figure figure, List<Figure> all) {
    if (figure.who().equals(Figure.DUENDE) || figure.value().isEmpty()) {
      return Optional.empty();
    }
    return all.stream()
        .filter(
            f ->
                f.who().equals(Figure.DUENDE)
                    && f.scenario().equals(figure.scenario())
                    && Objects.equals(f.what(), figure.what())
                    && f.value().isPresent()
                    && f.value().getAsDouble() > 0)
        .findFirst()
        .map(f -> figure.value().getAsDouble() / f.value().getAsDouble());
  }

  private static String quoted(String text) {
    StringBuilder s = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        s.append('\\').append(c);
      } else if (c < ' ') {
        s.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        s.append(c);
      }
    }
    return s.append('"').toString();
  }
}
