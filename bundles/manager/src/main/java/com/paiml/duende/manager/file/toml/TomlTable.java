package com.paiml.duende.manager.file.toml;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Keys and their values in the order of the text. */
public final class TomlTable {

  /** How a table came to be, which decides whether more may be added to it. */
  enum Origin {
    /** Named only as part of a longer header; its own header may still come. */
    IMPLIED,
    HEADER,
    /** Made by dotted keys: only the block of lines that made it may add to it. */
    DOTTED,
    /** Complete as it stands. */
    INLINE
  }

  /**
   * @param keyAt offset of the key
   * @param value its value
   */
  public record Entry(int keyAt, TomlValue value) {}

  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private Origin origin;
  // The header under which dotted keys made this table; another header may not add to it.
  private int block = -1;

  TomlTable(Origin origin) {
    this.origin = origin;
  }

  /** An empty table to be filled by whoever has values from elsewhere. */
  public static TomlTable empty() {
    return new TomlTable(Origin.HEADER);
  }

  public Map<String, Entry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  public Optional<TomlValue> get(String key) {
    return Optional.ofNullable(entries.get(key)).map(Entry::value);
  }

  /** Sets a value; of two with one key the later one stays. */
  public void set(String key, int keyAt, TomlValue value) {
    entries.put(key, new Entry(keyAt, value));
  }

  Origin origin() {
    return origin;
  }

  void origin(Origin value) {
    origin = value;
  }

  int block() {
    return block;
  }

  void block(int value) {
    block = value;
  }
}
