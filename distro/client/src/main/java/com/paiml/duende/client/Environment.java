package com.paiml.duende.client;

import com.paiml.duende.shell.wire.Hello;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the command was typed.
 *
 * @param home the distribution
 * @param data the container's data directory
 * @param scope whose commands are meant
 * @param program what the command is called at the prompt
 * @param terminals which standard streams are terminals, bits 0 to 2
 * @param colour whether output may be coloured
 * @param term {@code TERM}
 * @param columns of the terminal, 0 when not known
 * @param rows of the terminal, 0 when not known
 */
record Environment(
    Path home,
    Path data,
    String scope,
    String program,
    int terminals,
    boolean colour,
    String term,
    int columns,
    int rows) {

  static Environment ofProcess() {
    String scope = property("duende.scope", "duende");
    int terminals = 0;
    String flags = property("duende.terminals", "000");
    for (int i = 0; i < 3 && i < flags.length(); i++) {
      terminals |= flags.charAt(i) == '1' ? 1 << i : 0;
    }
    String term = variable("TERM");
    boolean colour = (terminals & 2) != 0 && variable("NO_COLOR").isEmpty() && !term.equals("dumb");
    String window = property("duende.window", "");
    int blank = window.indexOf(' ');
    return new Environment(
        Path.of(property("duende.home", ".")),
        Path.of(property("duende.data", "data")).toAbsolutePath(),
        scope,
        switch (scope) {
          case "wos" -> "wos-ctl";
          case "mlock", "ublk" -> "duende " + scope;
          default -> scope;
        },
        terminals,
        colour,
        term,
        blank < 0 ? 0 : number(window, blank + 1, window.length()),
        blank < 0 ? 0 : number(window, 0, blank));
  }

  Hello hello(List<String> words) {
    return new Hello(
        scope,
        words,
        Path.of("").toAbsolutePath().toString(),
        term,
        terminals,
        colour,
        columns,
        rows);
  }

  private static String property(String key, String otherwise) {
    String value = System.getProperty(key);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  private static String variable(String name) {
    @Nullable String value = System.getenv(name);
    return value == null ? "" : value;
  }

  /** A size of a terminal; 0 for what is none. */
  static int number(String text, int from, int to) {
    int value = 0;
    for (int i = from; i < to; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9 || value > 6000) {
        return 0;
      }
      value = value * 10 + digit;
    }
    return value;
  }
}
