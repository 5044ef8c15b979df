package com.paiml.duende.manager.file.toml;

import java.util.List;

/**
 * What a text holds, as far as it can be read, and every fault of it.
 *
 * @param text the text
 * @param root its keys
 * @param faults in the order of the text; values that they concern are missing from {@code root}
 */
public record TomlDocument(String text, TomlTable root, List<Fault> faults) {

  /**
   * @param at offset in the text
   * @param problem what is wrong
   * @param remedy what to write instead
   */
  public record Fault(int at, String problem, String remedy) {}

  /** Line and column, from 1; columns count characters, not UTF-16 units. */
  public record Place(int line, int column) {
    /** For what stands in no text. */
    public static final Place NONE = new Place(0, 0);
  }

  public TomlDocument {
    faults = List.copyOf(faults);
  }

  /** Where an offset is. */
  public Place place(int at) {
    if (at < 0 || at > text.length()) {
      return Place.NONE;
    }
    int line = 1;
    int start = 0;
    for (int i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) {
      line++;
      start = i + 1;
    }
    return new Place(line, text.codePointCount(start, at) + 1);
  }
}
