package com.paiml.duende.manager.file.toml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tomlj.Toml;
import org.tomlj.TomlArray;
import org.tomlj.TomlParseResult;

class TomlParserTest {

  @Test
  void every_kind_of_value_is_read() {
    Map<String, Object> map =
        read(
            """
            text = "a\\tb\\u00e9\\\\" # comment
            literal = 'C:\\dir'
            lines = \"""
            one \\
               two
            three""\"""
            raw = '''
            a
            b'''
            whole = 1_000
            hex = 0xFF
            octal = 0o17
            binary = 0b101
            real = -1.5e3
            infinite = inf
            yes = true
            no = false
            day = 2026-11-22
            list = [ 1, # one
              "two", [3.5],
            ]
            inline = { a = 1, b.c = "x" }
            a.b.c = 1
            a."d e" = 2
            [table]
            x = 1
            [table.sub]
            y = 2
            [[many]]
            z = 1
            [[many]]
            z = 2
            """);
    assertEquals("a\tb\u00e9\\", map.get("text"));
    assertEquals("C:\\dir", map.get("literal"));
    assertEquals("one two\nthree\"\"", map.get("lines"));
    assertEquals("a\nb", map.get("raw"));
    assertEquals(List.of(1000L, 255L, 15L, 5L), pick(map, "whole", "hex", "octal", "binary"));
    assertEquals(List.of(-1500d, Double.POSITIVE_INFINITY), pick(map, "real", "infinite"));
    assertEquals(List.of(true, false), pick(map, "yes", "no"));
    assertEquals("moment 2026-11-22", map.get("day"));
    assertEquals(List.of(1L, "two", List.of(3.5)), map.get("list"));
    assertEquals(Map.of("a", 1L, "b", Map.of("c", "x")), map.get("inline"));
    assertEquals(Map.of("b", Map.of("c", 1L), "d e", 2L), map.get("a"));
    assertEquals(Map.of("x", 1L, "sub", Map.of("y", 2L)), map.get("table"));
    assertEquals(List.of(Map.of("z", 1L), Map.of("z", 2L)), map.get("many"));
  }

  @Test
  void lines_may_end_as_on_windows_and_begin_with_a_byte_order_mark() {
    assertEquals(
        Map.of("a", 1L, "b", "x\ny"), read("\uFEFFa = 1\r\nb = \"\"\"x\r\ny\"\"\"\r\n# end\r\n"));
  }

  @Test
  void all_faults_are_told_each_at_its_place_and_what_lies_between_is_read() {
    TomlDocument d =
        TomlParser.parse(
            """
            a = 1
            b = yes
            c = [1,
              "x" "y",
              "LANG=C",
            ]
            d = "open
            e = 2
            a = 3
            [t
            f = 4
            [t2]
            g = 5
            """);
    assertEquals(
        List.of(
            "2:5 yes is not a value",
            "4:7 elements of a list are parted by commas",
            "7:5 the text that begins here is not closed",
            "9:1 \"a\" is there already",
            "10:3 the end of the line where ] belongs"),
        d.faults().stream()
            .map(f -> d.place(f.at()).line() + ":" + d.place(f.at()).column() + " " + f.problem())
            .toList());
    assertEquals(Map.of("a", 1L, "e", 2L, "t2", Map.of("g", 5L)), plain(d.root()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a                | 1 | 2  | a key is followed by = and a value",
        "= 1              | 1 | 1  | \"=\" where a key belongs",
        "a =              | 1 | 4  | the end of the line where a value belongs",
        "a = 1 b = 2      | 1 | 7  | \"b\" after the end of the value",
        "a = 99999999999999999999 | 1 | 5 | 99999999999999999999 is too large",
        "a = 012          | 1 | 5  | 012 is not a value",
        "a = \"\\x\"      | 1 | 6  | \\x means nothing in text",
        "a = \"\\ud800\"  | 1 | 6  | no character has that number",
        "a = [1, 2        | 1 | 5  | the list that begins here is not closed",
        "a = {b = 1,}     | 1 | 11 | a comma before }",
        "a = 2026-13-01   | 1 | 5  | 2026-13-01 is no date or time",
        "a = '''x         | 1 | 5  | the text that begins here is not closed",
        "中 = 1           | 1 | 1  | \"中\" where a key belongs",
        "a = '𝄞' x        | 1 | 9  | \"x\" after the end of the value",
      })
  void a_fault_has_its_line_its_column_and_its_words(
      String text, int line, int column, String problem) {
    TomlDocument d = TomlParser.parse(text + "\n");
    assertEquals(1, d.faults().size(), d.faults().toString());
    assertEquals(problem, d.faults().getFirst().problem());
    assertEquals(new TomlDocument.Place(line, column), d.place(d.faults().getFirst().at()));
    assertTrue(!d.faults().getFirst().remedy().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[a]\n[a]\n", "a.b = 1\n[a]\n", "a = {b = 1}\na.c = 2\n", "a = [1]\n[[a]]\n",
        "[[a]]\n[a]\n", "[a.b]\n[a]\nb.c = 1\n", "a = 1\na.b = 2\n", "a = {b = 1, b = 2}\n"
      })
  void what_is_written_twice_is_a_fault(String text) {
    assertEquals(1, TomlParser.parse(text).faults().size());
  }

  @Test
  void control_characters_are_faults() {
    for (String text : List.of("a = \"\0\"", "# \u0001", "a = '\u007f'", "\0", "a\0b = 1")) {
      assertEquals(1, TomlParser.parse(text).faults().size());
    }
  }

  @Test
  void depth_and_length_are_bounded() {
    int many = 200_000;
    for (String text :
        List.of(
            "a = " + "[".repeat(many),
            "a = " + "{b=".repeat(many),
            "[" + "a.".repeat(many) + "b]",
            "a.".repeat(many) + "b = 1",
            "k = 1\n".repeat(many),
            "k = \n".repeat(many),
            "[a]\n".repeat(many),
            "\"".repeat(many),
            "a = " + "1".repeat(many),
            "a = [" + "1,".repeat(many) + "]",
            "a = \"\"\"\n" + "b = \"\"\"\n".repeat(many / 2))) {
      TomlDocument d =
          assertTimeoutPreemptively(Duration.ofSeconds(60), () -> TomlParser.parse(text));
      assertTrue(d.faults().size() <= TomlParser.MAX_FAULTS + 1);
    }
  }

  @Test
  void any_bytes_are_read_or_refused_but_nothing_is_thrown() {
    Random random = new Random(11);
    String alphabet = "ab01=.,[]{}\"'#\\\n\r\t _-:+eExn\0\u00e9\ud800";
    for (int i = 0; i < 30_000; i++) {
      StringBuilder s = new StringBuilder();
      for (int n = random.nextInt(40); n > 0; n--) {
        s.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      TomlDocument d = TomlParser.parse(s.toString());
      d.faults().forEach(f -> assertTrue(f.at() >= 0 && f.at() <= s.length()));
    }
  }

  @Test
  void what_another_reader_makes_of_a_text_we_make_of_it_too() {
    for (int seed = 0; seed < 500; seed++) {
      String text = new AnyToml(seed).text();
      TomlParseResult other = Toml.parse(text);
      assertEquals(List.of(), other.errors(), text);
      assertEquals(plain(other), read(text), text);
    }
  }

  private static List<Object> pick(Map<String, Object> map, String... keys) {
    List<Object> values = new ArrayList<>();
    for (String key : keys) {
      values.add(map.get(key));
    }
    return values;
  }

  private static Map<String, Object> read(String text) {
    TomlDocument d = TomlParser.parse(text);
    assertEquals(List.of(), d.faults());
    return plain(d.root());
  }

  private static Map<String, Object> plain(TomlTable table) {
    Map<String, Object> map = new LinkedHashMap<>();
    table.entries().forEach((k, e) -> map.put(k, plain(e.value())));
    return map;
  }

  private static Object plain(TomlValue value) {
    return switch (value) {
      case TomlValue.Text t -> t.value();
      case TomlValue.Whole w -> w.value();
      case TomlValue.Real r -> r.value();
      case TomlValue.Truth t -> t.value();
      case TomlValue.Moment m -> "moment " + m.value();
      case TomlValue.Sequence s -> s.elements().stream().map(TomlParserTest::plain).toList();
      case TomlValue.Table t -> plain(t.entries());
    };
  }

  private static Map<String, Object> plain(org.tomlj.TomlTable table) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (String key : table.keySet()) {
      map.put(key, plainOther(table.get(List.of(key))));
    }
    return map;
  }

  private static Object plainOther(Object value) {
    if (value instanceof org.tomlj.TomlTable t) {
      return plain(t);
    }
    if (value instanceof TomlArray a) {
      return a.toList().stream().map(TomlParserTest::plainOther).toList();
    }
    return value;
  }

  /** Valid texts of any shape. */
  private static final class AnyToml {
    private final Random random;
    private int names;

    AnyToml(long seed) {
      random = new Random(seed);
    }

    String text() {
      StringBuilder s = new StringBuilder();
      lines(s);
      for (int i = random.nextInt(4); i > 0; i--) {
        s.append(random.nextBoolean() ? "[" : " [ ").append(name()).append(" . ").append(name());
        s.append("]\n");
        lines(s);
      }
      return s.toString();
    }

    private void lines(StringBuilder s) {
      for (int i = random.nextInt(5); i > 0; i--) {
        s.append(name()).append(" = ").append(value(0));
        s.append(random.nextInt(3) == 0 ? " # why\n\n" : "\n");
      }
    }

    private String name() {
      String name = "k" + names++;
      return switch (random.nextInt(4)) {
        case 0 -> "\"" + name + " é\\t\"";
        case 1 -> "'" + name + ".x'";
        case 2 -> name + "." + name;
        default -> name;
      };
    }

    private String value(int depth) {
      return switch (random.nextInt(depth > 3 ? 6 : 8)) {
        case 0 -> Integer.toString(random.nextInt());
        case 1 -> random.nextBoolean() ? "true" : "false";
        case 2 -> "\"" + word() + "\\n\\\"\"";
        case 3 -> "'" + word() + "'";
        case 4 -> "\"\"\"\n" + word() + "\n\"x\" \\\n  " + word() + "\"\"\"";
        case 5 -> random.nextInt(100) + "." + random.nextInt(100) + "e" + random.nextInt(9);
        case 6 -> "[" + value(depth + 1) + ",\n " + value(depth + 1) + " # x\n, ]";
        default -> "{ " + name() + " = " + value(9) + ", " + name() + "=" + value(9) + " }";
      };
    }

    private String word() {
      byte[] bytes = new byte[random.nextInt(6)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) ('a' + random.nextInt(26));
      }
      return new String(bytes, StandardCharsets.US_ASCII);
    }
  }
}
