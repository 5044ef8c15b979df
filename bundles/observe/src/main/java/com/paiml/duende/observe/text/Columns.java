package com.paiml.duende.observe.text;

import java.util.ArrayList;
import java.util.List;

/** Lines in columns as wide as their widest word: the first to the left, the others to the right. */
public final class Columns {
  private final List<List<String>> rows = new ArrayList<>();

  public void row(Object... cells) {
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(String.valueOf(cell));
    }
    rows.add(row);
  }

  @Override
  public String toString() {
    List<Integer> widths = new ArrayList<>();
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        int width = row.get(i).length();
        if (i == widths.size()) {
          widths.add(width);
        } else {
          widths.set(i, Math.max(widths.get(i), width));
        }
      }
    }
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.size(); i++) {
        String fill = " ".repeat(widths.get(i) - row.get(i).length());
        line.append(i == 0 ? "" : "  ").append(i == 0 ? row.get(i) + fill : fill + row.get(i));
      }
      lines.add(line.toString().stripTrailing());
    }
    return String.join("\n", lines);
  }
}
