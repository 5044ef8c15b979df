package com.paiml.duende.manager.file.toml;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.temporal.TemporalAccessor;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads what is neither a list nor a table. */
final class TomlScalars {
  private static final Pattern DECIMAL = Pattern.compile("[+-]?(?:0|[1-9](?:_?\\d)*+)");
  private static final Pattern PREFIXED =
      Pattern.compile("0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*+|0o[0-7](?:_?[0-7])*+|0b[01](?:_?[01])*+");
  private static final Pattern REAL =
      Pattern.compile(
          "[+-]?(?:0|[1-9](?:_?\\d)*+)(?:\\.\\d(?:_?\\d)*+)?(?:[eE][+-]?\\d(?:_?\\d)*+)?");
  private static final Pattern DATE = Pattern.compile("\\d{4}-\\d{2}-\\d{2}");
  private static final Pattern TIME = Pattern.compile("\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?");
  private static final Pattern DATE_TIME =
      Pattern.compile(DATE + "[Tt ]" + TIME + "(?:[Zz]|[+-]\\d{2}:\\d{2})?");
  private static final Pattern MORE_THAN_NANOS = Pattern.compile("(\\.\\d{9})\\d+");
  private static final int MAX_NUMBER = 100;

  private final TomlText in;

  TomlScalars(TomlText in) {
    this.in = in;
  }

  String keyPart() throws TomlSyntaxException {
    char c = in.peek();
    if (c == '"' || c == '\'') {
      if (in.startsWith("\"\"\"") || in.startsWith("'''")) {
        throw new TomlSyntaxException(in.at(), "a key of several lines", "write it on one line");
      }
      return c == '"' ? basic() : literal();
    }
    int start = in.at();
    while (isBare(in.peek())) {
      in.skip(1);
    }
    if (in.at() == start) {
      throw new TomlSyntaxException(
          start,
          in.found() + " where a key belongs",
          "a key is of letters, digits, - and _, or in quotes");
    }
    return in.since(start);
  }

  private static boolean isBare(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '_';
  }

  TomlValue value() throws TomlSyntaxException {
    int at = in.at();
    return switch (in.peek()) {
      case '"' -> new TomlValue.Text(at, in.startsWith("\"\"\"") ? basicLines() : basic());
      case '\'' -> new TomlValue.Text(at, in.startsWith("'''") ? literalLines() : literal());
      default -> word(at);
    };
  }

  private TomlValue word(int at) throws TomlSyntaxException {
    while (isWord(in.peek())) {
      in.skip(1);
    }
    String word = in.since(at);
    // A blank may stand for the T between a date and a time.
    if (DATE.matcher(word).matches()
        && in.peek() == ' '
        && Character.isDigit(in.peek(1))
        && Character.isDigit(in.peek(2))
        && in.peek(3) == ':') {
      in.skip(1);
      while (isWord(in.peek())) {
        in.skip(1);
      }
      word = in.since(at);
    }
    if (word.isEmpty()) {
      throw new TomlSyntaxException(
          at, in.found() + " where a value belongs", "write text in quotes, a number, true, false");
    }
    return switch (word) {
      case "true" -> new TomlValue.Truth(at, true);
      case "false" -> new TomlValue.Truth(at, false);
      case "inf", "+inf" -> new TomlValue.Real(at, Double.POSITIVE_INFINITY);
      case "-inf" -> new TomlValue.Real(at, Double.NEGATIVE_INFINITY);
      case "nan", "+nan", "-nan" -> new TomlValue.Real(at, Double.NaN);
      default -> number(at, word);
    };
  }

  private static boolean isWord(char c) {
    return isBare(c) || c == '+' || c == '.' || c == ':';
  }

  private static TomlValue number(int at, String word) throws TomlSyntaxException {
    if (word.length() > MAX_NUMBER) {
      throw notAValue(at, word.substring(0, 20) + "…");
    }
    try {
      String digits = word.replace("_", "");
      if (DECIMAL.matcher(word).matches()) {
        return new TomlValue.Whole(at, Long.parseLong(digits));
      }
      if (PREFIXED.matcher(word).matches()) {
        int radix = word.charAt(1) == 'x' ? 16 : word.charAt(1) == 'o' ? 8 : 2;
        return new TomlValue.Whole(at, Long.parseLong(digits.substring(2), radix));
      }
    } catch (NumberFormatException e) {
      throw new TomlSyntaxException(at, word + " is too large", "stay below 2^63");
    }
    if (REAL.matcher(word).matches()) {
      return new TomlValue.Real(at, Double.parseDouble(word.replace("_", "")));
    }
    try {
      if (moment(word).isPresent()) {
        return new TomlValue.Moment(at, word);
      }
    } catch (DateTimeException e) {
      throw new TomlSyntaxException(at, word + " is no date or time", "write one that there is");
    }
    throw notAValue(at, word);
  }

  private static TomlSyntaxException notAValue(int at, String word) {
    return new TomlSyntaxException(
        at, word + " is not a value", "text stands in quotes: \"" + word + "\"");
  }

  /** A date, a time or both; throws where it looks like one that there is not. */
  private static Optional<TemporalAccessor> moment(String word) {
    String iso = word.toUpperCase(Locale.ROOT).replace(' ', 'T');
    String text = MORE_THAN_NANOS.matcher(iso).replaceFirst("$1");
    if (DATE.matcher(word).matches()) {
      return Optional.of(LocalDate.parse(text));
    }
    if (TIME.matcher(word).matches()) {
      return Optional.of(LocalTime.parse(text));
    }
    if (!DATE_TIME.matcher(word).matches()) {
      return Optional.empty();
    }
    boolean offset = text.endsWith("Z") || text.lastIndexOf('-') > 10 || text.indexOf('+') > 0;
    return Optional.of(offset ? OffsetDateTime.parse(text) : LocalDateTime.parse(text));
  }

  private String literal() throws TomlSyntaxException {
    int start = in.at();
    in.skip(1);
    int from = in.at();
    while (in.peek() != '\'') {
      onLine(start);
      in.skip(1);
    }
    String value = in.since(from);
    in.skip(1);
    return value;
  }

  private String basic() throws TomlSyntaxException {
    int start = in.at();
    in.skip(1);
    StringBuilder value = new StringBuilder();
    while (in.peek() != '"') {
      onLine(start);
      if (in.peek() == '\\') {
        escape(value);
      } else {
        value.append(in.next());
      }
    }
    in.skip(1);
    return value.toString();
  }

  private void onLine(int start) throws TomlSyntaxException {
    if (in.atEnd() || in.peek() == '\n' || in.peek() == '\r') {
      throw new TomlSyntaxException(
          start, "the text that begins here is not closed", "end it with the same quote");
    }
    in.checkCharacter("text");
  }

  private String literalLines() throws TomlSyntaxException {
    int start = in.at();
    in.skip(3);
    skipFirstNewline();
    int from = in.at();
    while (!in.startsWith("'''")) {
      inLines(start);
      in.skip(1);
    }
    // Up to two quotes may stand before the three that close it.
    for (int i = 0; i < 2 && in.peek(3) == '\''; i++) {
      in.skip(1);
    }
    String value = in.since(from).replace("\r\n", "\n");
    in.skip(3);
    return value;
  }

  private String basicLines() throws TomlSyntaxException {
    int start = in.at();
    in.skip(3);
    skipFirstNewline();
    StringBuilder value = new StringBuilder();
    while (!in.startsWith("\"\"\"")) {
      inLines(start);
      if (in.peek() == '\\') {
        if (!continuation()) {
          escape(value);
        }
      } else if (in.peek() == '\r') {
        in.skip(1);
      } else {
        value.append(in.next());
      }
    }
    for (int i = 0; i < 2 && in.peek(3) == '"'; i++) {
      value.append(in.next());
    }
    in.skip(3);
    return value.toString();
  }

  private void skipFirstNewline() {
    if (in.peek() == '\r' && in.peek(1) == '\n') {
      in.skip(1);
    }
    if (in.peek() == '\n') {
      in.skip(1);
    }
  }

  private void inLines(int start) throws TomlSyntaxException {
    if (in.atEnd()) {
      throw new TomlSyntaxException(
          start, "the text that begins here is not closed", "end it with the same three quotes");
    }
    if (in.peek() != '\n' && !(in.peek() == '\r' && in.peek(1) == '\n')) {
      in.checkCharacter("text");
    }
  }

  /** A backslash at the end of a line swallows all blank space up to the next character. */
  private boolean continuation() {
    int ahead = 1;
    while (in.peek(ahead) == ' ' || in.peek(ahead) == '\t') {
      ahead++;
    }
    if (in.peek(ahead) != '\n' && !(in.peek(ahead) == '\r' && in.peek(ahead + 1) == '\n')) {
      return false;
    }
    in.skip(ahead);
    while (in.peek() == ' ' || in.peek() == '\t' || in.peek() == '\n' || in.peek() == '\r') {
      in.skip(1);
    }
    return true;
  }

  private void escape(StringBuilder value) throws TomlSyntaxException {
    int at = in.at();
    in.skip(1);
    char c = in.next();
    switch (c) {
      case 'b' -> value.append('\b');
      case 't' -> value.append('\t');
      case 'n' -> value.append('\n');
      case 'f' -> value.append('\f');
      case 'r' -> value.append('\r');
      case '"' -> value.append('"');
      case '\\' -> value.append('\\');
      case 'u' -> value.appendCodePoint(hex(at, 4));
      case 'U' -> value.appendCodePoint(hex(at, 8));
      default ->
          throw new TomlSyntaxException(
              at,
              "\\" + (c < ' ' ? "" : String.valueOf(c)) + " means nothing in text",
              "write \\\\ for a backslash, or the text in single quotes");
    }
  }

  private int hex(int at, int digits) throws TomlSyntaxException {
    int start = in.at();
    for (int i = 0; i < digits; i++) {
      if (Character.digit(in.peek(), 16) < 0 || in.peek() > 'f') {
        throw new TomlSyntaxException(
            at, "an escape of fewer than " + digits + " hexadecimal digits", "write all of them");
      }
      in.skip(1);
    }
    long value = Long.parseLong(in.since(start), 16);
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
      throw new TomlSyntaxException(at, "no character has that number", "write another");
    }
    return (int) value;
  }
}
