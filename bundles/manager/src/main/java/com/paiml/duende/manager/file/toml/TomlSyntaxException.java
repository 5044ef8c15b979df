package com.paiml.duende.manager.file.toml;

/** A fault of the text, while it is being read. Without a stack trace: it is an answer, not an accident. */
final class TomlSyntaxException extends Exception {
  private static final long serialVersionUID = 1L;

  private final int at;
  private final String problem;
  private final String remedy;

  TomlSyntaxException(int at, String problem, String remedy) {
    super(problem, null, false, false);
    this.at = at;
    this.problem = problem;
    this.remedy = remedy;
  }

  int at() {
    return at;
  }

  String problem() {
    return problem;
  }

  String remedy() {
    return remedy;
  }
}
