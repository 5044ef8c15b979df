package com.paiml.duende.shell.text;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.shell.text.Style.Tone;
import java.util.ArrayList;
import java.util.List;

/** Rows under headings. Not thread-safe while it is built. */
public final class Table implements Answer {
  private static final String GAP = "  ";

  private final List<String> headings;
  private final List<List<Cell>> rows = new ArrayList<>();

  /** A text in its tone; numbers stand to the right. */
  public record Cell(String text, Tone tone, boolean right) {
    public static Cell of(String text) {
      return new Cell(Width.printable(text), Tone.PLAIN, false);
    }

    public static Cell of(String text, Tone tone) {
      return new Cell(Width.printable(text), tone, false);
    }

    public static Cell number(String text) {
      return new Cell(text, Tone.PLAIN, true);
    }

    public static Cell number(long value) {
      return number(Long.toString(value));
    }
  }

  public Table(String... headings) {
    this.headings = List.of(headings);
  }

  /** Adds a row with as many cells as there are headings. */
  @CanIgnoreReturnValue
  public Table row(Cell... cells) {
    rows.add(List.of(cells));
    return this;
  }

  public boolean isEmpty() {
    return rows.isEmpty();
  }

  @Override
  public String text(Style style) {
    int[] widths = new int[headings.size()];
    boolean[] right = new boolean[headings.size()];
    for (int i = 0; i < widths.length; i++) {
      widths[i] = Width.of(headings.get(i));
      for (List<Cell> row : rows) {
        widths[i] = Math.max(widths[i], Width.of(row.get(i).text()));
        right[i] |= row.get(i).right();
      }
    }
    shrinkLast(widths, style.columns());
    StringBuilder out = new StringBuilder();
    List<Cell> head = new ArrayList<>();
    for (int i = 0; i < widths.length; i++) {
      head.add(new Cell(headings.get(i), Tone.FAINT, right[i]));
    }
    line(out, head, widths, style);
    for (List<Cell> row : rows) {
      line(out, row, widths, style);
    }
    return out.toString();
  }

  /** The last column holds free text: it gives way where the window is narrow. */
  private static void shrinkLast(int[] widths, int columns) {
    int sum = GAP.length() * (widths.length - 1);
    for (int width : widths) {
      sum += width;
    }
    if (columns > 0 && sum > columns) {
      int last = widths.length - 1;
      widths[last] = Math.max(8, widths[last] - (sum - columns));
    }
  }

  private static void line(StringBuilder out, List<Cell> cells, int[] widths, Style style) {
    int blanks = 0;
    for (int i = 0; i < widths.length; i++) {
      Cell cell = cells.get(i);
      String text = Width.fit(cell.text(), widths[i]);
      int room = widths[i] - Width.of(text);
      blanks += cell.right() ? room : 0;
      if (!text.isEmpty()) {
        out.repeat(' ', blanks).append(style.paint(text, cell.tone()));
        blanks = 0;
      }
      blanks += GAP.length() + (cell.right() ? 0 : room);
    }
    out.append('\n');
  }
}
