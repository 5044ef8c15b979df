package com.paiml.duende.policy.quality;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Finds the comments by which authors mark debt. Only comments: a string that contains such a word is no debt. */
final class DebtMarkers {
  // Spelt apart, so that this file does not find itself.
  private static final Pattern MARKER =
      Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b");

  private DebtMarkers() {}

  /**
   * @param file path of the source
   * @param line from 1
   * @param text the line of the comment, trimmed
   */
  record Marker(String file, int line, String text) {
    @Override
    public String toString() {
      return file + ":" + line + ": " + text;
    }
  }

  static List<Marker> in(Map<String, String> sources) {
    List<Marker> found = new ArrayList<>();
    sources.forEach((file, text) -> in(file, text, found));
    return found;
  }

  private static void in(String file, String text, List<Marker> found) {
    int line = 1;
    int i = 0;
    while (i < text.length()) {
      int end = endOfToken(text, i);
      String token = text.substring(i, end);
      if (token.startsWith("//") || token.startsWith("/*")) {
        int at = line;
        for (String part : token.split("\n", -1)) {
          Matcher m = MARKER.matcher(part);
          if (m.find()) {
            found.add(new Marker(file, at, part.substring(m.start()).strip()));
          }
          at++;
        }
      }
      line += (int) token.chars().filter(c -> c == '\n').count();
      i = end;
    }
  }

  /** The end of the comment, literal or single character that begins at {@code i} (Java Language Specification, 3.7, 3.10). */
  private static int endOfToken(String s, int i) {
    if (s.startsWith("//", i)) {
      int n = s.indexOf('\n', i);
      return n < 0 ? s.length() : n;
    }
    if (s.startsWith("/*", i)) {
      int n = s.indexOf("*/", i + 2);
      return n < 0 ? s.length() : n + 2;
    }
    if (s.startsWith("\"\"\"", i)) {
      return endOfLiteral(s, i + 3, "\"\"\"", false);
    }
    char c = s.charAt(i);
    return c == '"' || c == '\'' ? endOfLiteral(s, i + 1, String.valueOf(c), true) : i + 1;
  }

  private static int endOfLiteral(String s, int from, String quote, boolean oneLine) {
    for (int i = from; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '\\') {
        i++;
      } else if (s.startsWith(quote, i)) {
        return i + quote.length();
      } else if (oneLine && c == '\n') {
        return i;
      }
    }
    return s.length();
  }
}
