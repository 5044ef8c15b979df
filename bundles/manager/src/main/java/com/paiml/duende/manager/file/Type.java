package com.paiml.duende.manager.file;

/** What the value of a key is. */
enum Type {
  TEXT("text"),
  NAME("name"),
  PATH("path"),
  URL("URL"),
  ADDRESS("HOST:PORT"),
  PATTERN("regular expression"),
  SIGNAL("signal"),
  UMASK("octal number"),
  /** One of a few words. */
  WORD("word"),
  TEXTS("list of texts"),
  NAMES("list of names"),
  PATHS("list of paths"),
  /** Program and arguments. */
  COMMAND("list of texts"),
  /** {@code NAME=VALUE} each. */
  ENVIRONMENT("list of NAME=VALUE"),
  /** Codes, ranges, signals. */
  EXITS("list of codes, ranges, signals"),
  CAPABILITIES("list of capabilities"),
  WHOLE("whole number"),
  NUMBER("number"),
  TRUTH("true or false"),
  DURATION("duration"),
  SIZE("size");

  private final String title;

  Type(String title) {
    this.title = title;
  }

  /** For the reference. */
  String title() {
    return title;
  }
}
