package com.paiml.duende.manager.file;

import java.util.List;

/**
 * A key of the daemon file.
 *
 * @param path dotted
 * @param type what its value is
 * @param defaultText as it would be written; empty for none
 * @param words for {@link Type#WORD}: the words
 * @param min least value, of a duration in nanoseconds
 * @param max greatest value, likewise
 * @param example a value as it would be written
 * @param doc what it is for, in one or two sentences
 */
record Key(
    String path,
    Type type,
    String defaultText,
    List<String> words,
    double min,
    double max,
    String example,
    String doc) {
  Key {
    words = List.copyOf(words);
  }

  static Key of(String path, Type type, String defaultText, String example, String doc) {
    return new Key(path, type, defaultText, List.of(), 0, Long.MAX_VALUE, example, doc);
  }

  static Key word(String path, List<String> words, String defaultText, String example, String doc) {
    return new Key(path, Type.WORD, defaultText, words, 0, 0, example, doc);
  }

  /** This key with bounds; those of durations in nanoseconds. */
  Key within(double least, double most) {
    return new Key(path, type, defaultText, words, least, most, example, doc);
  }

  /** The last part of the path. */
  String name() {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /** The path without its last part; empty for a key outside tables. */
  String table() {
    return path.substring(0, Math.max(0, path.lastIndexOf('.')));
  }
}
