package com.paiml.duende.spi;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The keys of a platform's table in the daemon file. Values are checked against it before anything else sees them.
 *
 * @param platform the table's name
 * @param keys its keys
 */
public record TableSchema(String platform, List<Key> keys) {

  /** Types of values. */
  public enum Type {
    STRING,
    INTEGER,
    NUMBER,
    BOOLEAN,
    DURATION,
    SIZE,
    STRING_LIST,
    /** A table of whatever keys: the adapter checks it. */
    TABLE
  }

  /**
   * @param name the key
   * @param type of its value; a duration arrives as text such as "250ms" turned into a {@link java.time.Duration}, a size
   *     as a Long
   * @param defaultValue as it would be written; empty for none
   * @param allowed the words allowed; empty: any
   * @param description for people
   */
  public record Key(
      String name, Type type, String defaultValue, Set<String> allowed, String description) {
    public Key {
      allowed = Set.copyOf(allowed);
    }

    public static Key of(String name, Type type, String defaultValue, String description) {
      return new Key(name, type, defaultValue, Set.of(), description);
    }
  }

  public TableSchema {
    keys = List.copyOf(keys);
  }

  public Optional<Key> key(String name) {
    return keys.stream().filter(k -> k.name().equals(name)).findFirst();
  }
}
