package com.paiml.duende.shell.text;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.shell.text.Style.Tone;
import java.util.ArrayList;
import java.util.List;

/** Everything about one thing: lines {@code key  value}, and indented blocks. Not thread-safe while it is built. */
public final class Sheet implements Answer {
  private final List<Part> parts = new ArrayList<>();

  private sealed interface Part {}

  private record Line(String key, String value, Tone tone) implements Part {}

  private record Title(String text, String aside) implements Part {}

  private record Block(String key, Answer contents) implements Part {}

  /** Begins a new thing. */
  @CanIgnoreReturnValue
  public Sheet title(String text, String aside) {
    parts.add(new Title(Width.printable(text), Width.printable(aside)));
    return this;
  }

  @CanIgnoreReturnValue
  public Sheet line(String key, String value) {
    return line(key, value, Tone.PLAIN);
  }

  /** Adds a line; one without a value is left out. */
  @CanIgnoreReturnValue
  public Sheet line(String key, String value, Tone tone) {
    if (!value.isEmpty()) {
      parts.add(new Line(key, Width.printable(value), tone));
    }
    return this;
  }

  @CanIgnoreReturnValue
  public Sheet block(String key, Answer contents) {
    parts.add(new Block(key, contents));
    return this;
  }

  @Override
  public String text(Style style) {
    int width = 0;
    for (Part part : parts) {
      width = Math.max(width, part instanceof Line line ? Width.of(line.key()) : 0);
    }
    StringBuilder out = new StringBuilder();
    for (Part part : parts) {
      switch (part) {
        case Title title -> {
          out.append(out.isEmpty() ? "" : "\n").append(style.paint(title.text(), Tone.STRONG));
          out.append(title.aside().isEmpty() ? "" : "  " + title.aside()).append('\n');
        }
        case Line line ->
            out.append("  ")
                .append(style.paint(line.key(), Tone.FAINT))
                .repeat(' ', width - Width.of(line.key()) + 2)
                .append(style.paint(line.value(), line.tone()))
                .append('\n');
        case Block block -> {
          out.append("  ").append(style.paint(block.key(), Tone.FAINT)).append('\n');
          Style narrower = new Style(style.colour(), Math.max(0, style.columns() - 4));
          block
              .contents()
              .text(narrower)
              .lines()
              .forEach(l -> out.append("    ").append(l).append('\n'));
        }
      }
    }
    return out.toString();
  }
}
