package com.paiml.duende.support.text;

import java.util.ArrayList;
import java.util.List;

/** Lines in columns as wide as their widest word, two blanks apart, nothing after the last word. Not safe for threads. */
public final class Columns {
  private static final int GAP = 2;

  private final List<List<String>> rows = new ArrayList<>();
  private final boolean right;

  private Columns(boolean right) {
    this.right = right;
  }

  /** {@return columns of words: all begin at the left} */
  public static Columns ofWords() {
    return new Columns(false);
  }

  /** {@return columns of figures: but for the first, all end at the right} */
  public static Columns ofFigures() {
    return new Columns(true);
  }

  public void row(Object... cells) {
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(String.valueOf(cell));
    }
    rows.add(row);
  }

  /** The lines, without an end of the last. */
  @Override
  public String toString() {
    List<Integer> widths = widths();
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      lines.add(line(row, widths));
    }
    return String.join("\n", lines);
  }

  private List<Integer> widths() {
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
    return widths;
  }

  private String line(List<String> row, List<Integer> widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < row.size(); i++) {
      int room = widths.get(i) - row.get(i).length();
      boolean before = right && i > 0;
      line.repeat(' ', before ? room : 0).append(row.get(i));
      line.repeat(' ', (before ? 0 : room) + GAP);
    }
    return line.toString().stripTrailing();
  }
}
