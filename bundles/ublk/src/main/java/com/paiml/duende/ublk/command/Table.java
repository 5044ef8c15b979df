package com.paiml.duende.ublk.command;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Rows under names: in columns for people, as a list of objects for programs. */
final class Table {
  private final List<String> names;
  private final List<List<Object>> rows = new ArrayList<>();

  Table(String... names) {
    this.names = List.of(names);
  }

  void row(Object... cells) {
    rows.add(List.of(cells));
  }

  String text(boolean json) {
    return json ? json() : columns();
  }

  private String columns() {
    int[] widths = names.stream().mapToInt(String::length).toArray();
    for (List<Object> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).toString().length());
      }
    }
    StringBuilder text = new StringBuilder();
    line(text, names.stream().map(name -> (Object) name.toUpperCase(Locale.ROOT)).toList(), widths);
    for (List<Object> row : rows) {
      text.append('\n');
      line(text, row, widths);
    }
    return text.toString();
  }

  private static void line(StringBuilder text, List<Object> cells, int[] widths) {
    for (int i = 0; i < widths.length; i++) {
      String cell = cells.get(i).toString();
      text.append(cell);
      if (i < widths.length - 1) {
        text.append(" ".repeat(widths[i] - cell.length() + 2));
      }
    }
  }

  private String json() {
    StringBuilder text = new StringBuilder("[");
    for (List<Object> row : rows) {
      text.append(text.length() > 1 ? "," : "").append("\n  {");
      for (int i = 0; i < names.size(); i++) {
        text.append(i > 0 ? ", " : "").append(quoted(names.get(i))).append(": ");
        Object cell = row.get(i);
        text.append(
            cell instanceof Number || cell instanceof Boolean ? cell : quoted(cell.toString()));
      }
      text.append('}');
    }
    return text.append(rows.isEmpty() ? "]" : "\n]").toString();
  }

  private static String quoted(String word) {
    StringBuilder text = new StringBuilder("\"");
    for (int i = 0; i < word.length(); i++) {
      char c = word.charAt(i);
      if (c == '"' || c == '\\') {
        text.append('\\').append(c);
      } else if (c < ' ') {
        text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        text.append(c);
      }
    }
    return text.append('"').toString();
  }
}
