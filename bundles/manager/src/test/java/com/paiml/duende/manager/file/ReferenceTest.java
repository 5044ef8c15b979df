package com.paiml.duende.manager.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * The tables of keys in {@code docs/daemon-file.md} are those of the schema. With {@code DUENDE_DOCS=write} in the environment they are written
 * there.
 */
class ReferenceTest {
  private static final Path FILE = Path.of("../../docs/daemon-file.md");

  @Test
  void the_reference_of_the_daemon_file_is_that_of_the_schema() throws Exception {
    check("daemon", Schema.DAEMON);
  }

  @Test
  void the_reference_of_the_group_file_is_that_of_the_schema() throws Exception {
    check("group", Schema.GROUP);
  }

  private static void check(String what, Schema schema) throws Exception {
    String begin = "<!-- keys of a " + what + " file: written by ReferenceTest -->\n";
    String end = "<!-- end of keys -->\n";
    String text = Files.readString(FILE);
    int from = text.indexOf(begin);
    assertTrue(from >= 0, "no \"" + begin + "\" in " + FILE);
    int to = text.indexOf(end, from);
    String wanted = tables(schema);
    if ("write".equals(System.getenv("DUENDE_DOCS"))) {
      Files.writeString(
          FILE, text.substring(0, from + begin.length()) + wanted + text.substring(to));
      return;
    }
    assertEquals(
        wanted,
        text.substring(from + begin.length(), to),
        "run this test with DUENDE_DOCS=write in the environment, and commit docs/daemon-file.md");
  }

  private static String tables(Schema schema) {
    StringBuilder s = new StringBuilder();
    String table = "none yet";
    for (Key key : schema.keys()) {
      String top = key.path().contains(".") ? key.path().substring(0, key.path().indexOf('.')) : "";
      if (!top.equals(table)) {
        s.append(top.isEmpty() ? "\n" : "\n### [" + top + "]\n\n");
        s.append("| key | value | default | example | |\n|---|---|---|---|---|\n");
        table = top;
      }
      String name = top.isEmpty() ? key.path() : key.path().substring(top.length() + 1);
      s.append("| `").append(name).append("` | ").append(value(key)).append(" | ");
      s.append(key.defaultText().isEmpty() ? "" : "`" + key.defaultText() + "`").append(" | ");
      s.append("`").append(key.example()).append("` | ").append(key.doc()).append(" |\n");
    }
    return s + "\n";
  }

  private static String value(Key key) {
    if (key.type() == Type.WORD) {
      return "`" + String.join("` `", key.words()) + "`";
    }
    boolean bounded = key.max() < Long.MAX_VALUE && key.max() > 0;
    return key.type().title()
        + (bounded ? ", " + bound(key, key.min()) + " to " + bound(key, key.max()) : "");
  }

  private static String bound(Key key, double value) {
    return switch (key.type()) {
      case DURATION ->
          com.paiml.duende.api.Durations.format(java.time.Duration.ofNanos((long) value));
      case SIZE -> com.paiml.duende.api.Sizes.format((long) value);
      default ->
          value == Math.rint(value)
              ? List.of((long) value).getFirst().toString()
              : String.format(Locale.ROOT, "%s", value);
    };
  }
}
