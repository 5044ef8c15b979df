package com.paiml.duende.manager.file.toml;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A text and how far it is read. */
final class TomlText {
  /** {@link #peek()} at the end: a character that no text can hold outside strings and comments. */
  static final char END = '\0';

  private static final String KEY = "(?:[A-Za-z0-9_-]++|\"[^\"\\n]*+\"|'[^'\\n]*+')";
  private static final String KEYS =
      KEY + "(?:[ \\t]*+\\.[ \\t]*+" + KEY + "){0," + TomlParser.MAX_DEPTH + "}+[ \\t]*+";
  private static final Pattern STATEMENT =
      Pattern.compile(
          "[ \\t]*+(?:"
              + KEYS
              + "=|\\[\\[?[ \\t]*+"
              + KEYS
              + "\\]{0,2}+[ \\t]*+(?:#|\\r?\\n|\\z))");

  private final String text;
  private int at;

  TomlText(String text) {
    this.text = text;
  }

  int at() {
    return at;
  }

  boolean atEnd() {
    return at >= text.length();
  }

  char peek() {
    return at < text.length() ? text.charAt(at) : END;
  }

  char peek(int ahead) {
    return at + ahead < text.length() ? text.charAt(at + ahead) : END;
  }

  char next() {
    char c = peek();
    at++;
    return c;
  }

  boolean startsWith(String prefix) {
    return text.startsWith(prefix, at);
  }

  void skip(int count) {
    at += count;
  }

  String since(int start) {
    return text.substring(start, at);
  }

  void expect(char c, String remedy) throws TomlSyntaxException {
    if (atEnd() || peek() != c) {
      throw new TomlSyntaxException(at, found() + " where " + c + " belongs", remedy);
    }
    at++;
  }

  /** What stands here, for people. */
  String found() {
    if (atEnd()) {
      return "the end of the file";
    }
    int c = text.codePointAt(at);
    if (c == '\n' || c == '\r') {
      return "the end of the line";
    }
    return Character.isISOControl(c) || !Character.isDefined(c)
        ? String.format("the character U+%04X", c)
        : "\"" + Character.toString(c) + "\"";
  }

  void skipBlanks() {
    while (peek() == ' ' || peek() == '\t') {
      at++;
    }
  }

  /** Skips blanks, ends of lines and comments. */
  void skipBlankLines() throws TomlSyntaxException {
    while (!atEnd()) {
      skipBlanks();
      if (peek() == '#') {
        comment();
      } else if (peek() == '\n' || (peek() == '\r' && peek(1) == '\n')) {
        at++;
      } else {
        return;
      }
    }
  }

  private void comment() throws TomlSyntaxException {
    while (!atEnd() && peek() != '\n' && !(peek() == '\r' && peek(1) == '\n')) {
      checkCharacter("a comment");
      at++;
    }
  }

  /** Refuses control characters other than the tab, and halves of surrogate pairs. */
  void checkCharacter(String where) throws TomlSyntaxException {
    char c = peek();
    if ((c < ' ' && c != '\t') || c == 0x7f) {
      throw new TomlSyntaxException(
          at, String.format("the character U+%04X in %s", (int) c, where), "remove it");
    }
  }

  /** Nothing but blanks and a comment may follow a statement on its line. */
  void endOfLine() throws TomlSyntaxException {
    skipBlanks();
    if (peek() == '#') {
      comment();
    }
    if (peek() == '\r' && peek(1) == '\n') {
      at++;
    }
    if (!atEnd() && peek() != '\n') {
      throw new TomlSyntaxException(
          at, found() + " after the end of the value", "write one key on one line");
    }
    at++;
  }

  /** To the next line after this offset that looks like the beginning of a key or a table. */
  void moveToStatementAfter(int offset) {
    Matcher statement = STATEMENT.matcher(text);
    for (int end = text.indexOf('\n', offset); end >= 0; end = text.indexOf('\n', end + 1)) {
      if (statement.region(end + 1, text.length()).lookingAt()) {
        at = end + 1;
        return;
      }
    }
    at = text.length();
  }
}
