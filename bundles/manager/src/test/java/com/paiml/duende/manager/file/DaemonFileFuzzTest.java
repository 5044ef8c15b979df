package com.paiml.duende.manager.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigProperties;
import com.paiml.duende.api.DaemonConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever a file holds: a configuration or a ConfigException, in bounded time, and the other file does not matter. */
class DaemonFileFuzzTest {
  private final DaemonFileReader reader = new Here().reader();

  @Test
  void a_file_with_random_changes_is_read_or_refused_and_what_is_read_is_valid() {
    String whole = wholeFile();
    Random random = new Random(4711);
    int read = 0;
    for (int i = 0; i < 4000; i++) {
      String text = mutate(whole, random);
      try {
        DaemonConfig config =
            assertTimeoutPreemptively(Duration.ofSeconds(60), () -> reader.read(text, "x"));
        assertEquals(List.of(), reader.check(config, "x"), text);
        assertEquals(config, reader.read(ConfigProperties.toMap(config), "x"), text);
        read++;
      } catch (ConfigException e) {
        assertFalse(e.faults().isEmpty());
        e.faults()
            .forEach(f -> assertTrue(f.line() >= 0 && f.column() >= 0 && !f.problem().isEmpty()));
      }
    }
    assertTrue(read > 100, "only " + read + " changed files were still valid: the test is blunt");
  }

  @Test
  void a_map_with_random_changes_is_read_or_refused() throws Exception {
    Map<String, Object> whole = ConfigProperties.toMap(reader.read(wholeFile(), "x"));
    Random random = new Random(42);
    List<String> keys = new ArrayList<>(whole.keySet());
    Object[] values = {
      "",
      "x",
      0L,
      -1L,
      5,
      2.5,
      Double.NaN,
      true,
      new String[] {"a"},
      new String[0],
      List.of(1),
      new int[] {1},
      Long.MAX_VALUE,
      'c',
      "1s",
      "0",
      new Object[] {1L, "x"}
    };
    for (int i = 0; i < 4000; i++) {
      Map<String, Object> map = new LinkedHashMap<>(whole);
      for (int n = 1 + random.nextInt(4); n > 0; n--) {
        String key = keys.get(random.nextInt(keys.size()));
        String suffix =
            List.of("", "", "", ".x", ":list", ":table", ":duration", ".0").get(random.nextInt(8));
        map.put(key + suffix, values[random.nextInt(values.length)]);
      }
      try {
        reader.read(map, "x");
      } catch (ConfigException e) {
        assertFalse(e.faults().isEmpty());
      }
    }
  }

  /** A valid file with every key of the schema, each with its example. */
  static String wholeFile() {
    StringBuilder s = new StringBuilder();
    for (Key key : Schema.DAEMON.keys()) {
      switch (key.path()) {
        case "class", "bundle", "image", "module", "rootfs", "platform" -> {}
        case "binary_path" -> s.append("binary_path = '/bin/sh'\n");
        case "readiness.type" -> s.append("readiness.type = 'notify'\n");
        case "health_check.type" -> s.append("health_check.type = 'http'\n");
        case "sandbox.syscalls.default" -> s.append("sandbox.syscalls.default = 'deny'\n");
        case "readiness.url",
            "readiness.address",
            "readiness.command",
            "readiness.pattern",
            "health_check.address",
            "health_check.command" -> {}
        case "working_dir" -> s.append("working_dir = '/tmp'\n");
        default -> s.append(key.path()).append(" = ").append(key.example()).append("\n");
      }
    }
    return s + "[native]\nprocess = true\n[systemd]\nproperties = { CPUWeight = 5, Slice = 'x' }\n";
  }

  private static String mutate(String text, Random random) {
    StringBuilder s = new StringBuilder(text);
    List<String> lines = new ArrayList<>(Arrays.asList(text.split("\n")));
    String alphabet = "abz019 =.,[]{}\"'#\\\n\t_-\0\u00e9\uD83D";
    for (int n = random.nextInt(3); n >= 0; n--) {
      int at = random.nextInt(s.length());
      switch (random.nextInt(6)) {
        case 0 -> s.deleteCharAt(at);
        case 1 -> s.insert(at, alphabet.charAt(random.nextInt(alphabet.length())));
        case 2 -> s.setCharAt(at, alphabet.charAt(random.nextInt(alphabet.length())));
        case 3 -> s.delete(at, Math.min(s.length(), at + random.nextInt(200)));
        case 4 -> s.insert(at, s.substring(0, Math.min(s.length(), random.nextInt(200))));
        default -> {
          lines.remove(random.nextInt(lines.size()));
          s = new StringBuilder(String.join("\n", lines));
        }
      }
    }
    return s.toString();
  }
}
