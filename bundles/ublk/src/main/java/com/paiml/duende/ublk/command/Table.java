package com.paiml.duende.ublk.command;

import com.paiml.duende.support.text.Columns;
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
    Columns columns = Columns.ofWords();
    columns.row(names.stream().map(name -> name.toUpperCase(Locale.ROOT)).toArray());
    rows.forEach(row -> columns.row(row.toArray()));
    return columns.toString();
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
