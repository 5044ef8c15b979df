package com.paiml.duende.itest.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The threat model names a test for each line, and each is there. */
class ThreatModelIT {
  /** {@code Class.method}, or a method alone; names begin with a small letter and are long enough to be tests. */
  private static final Pattern REFERENCE = Pattern.compile("`(?:(\\w+)\\.)?([a-z]\\w{3,})`");

  private static final Pattern METHOD = Pattern.compile("\\bvoid (\\w+)\\(");
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @Test
  void every_line_names_tests_that_exist() throws Exception {
    Map<String, String> tests = tests();
    List<String> missing = new ArrayList<>();
    int named = 0;
    for (String line : Files.readAllLines(ROOT.resolve("docs/threat-model.md"))) {
      String[] cells = line.split("\\|", -1);
      if (cells.length < 5 || cells[1].isBlank() || cells[1].startsWith("---")) {
        continue;
      }
      if (cells[3].strip().equals("Attacked in")) {
        continue;
      }
      int before = named;
      Matcher reference = REFERENCE.matcher(cells[3]);
      while (reference.find()) {
        named++;
        String type = reference.group(1);
        String method = reference.group(2);
        boolean found =
            tests.entrySet().stream()
                .filter(t -> type == null || t.getKey().equals(type))
                .anyMatch(t -> t.getValue().contains(" " + method));
        if (!found) {
          missing.add(reference.group());
        }
      }
      if (named == before) {
        missing.add("no test for:" + cells[1]);
      }
    }
    assertEquals(List.of(), missing);
    assertTrue(named > 40, named + " tests are named; the page must not lose them");
  }

  /** Class to the names of its methods, each after a space; a name of the page may be the beginning of one. */
  private static Map<String, String> tests() throws IOException {
    Map<String, String> found = new HashMap<>();
    try (Stream<Path> files = Files.walk(ROOT)) {
      for (Path file :
          files
              .filter(
                  f ->
                      f.toString()
                          .matches(
                              ".*/src/(test/.*(Test|IT|Claims)|main/.*/conformance/\\w+Contract)\\.java"))
              .toList()) {
        StringBuilder names = new StringBuilder();
        Matcher method = METHOD.matcher(Files.readString(file));
        while (method.find()) {
          names.append(' ').append(method.group(1));
        }
        found.merge(
            String.valueOf(file.getFileName()).replace(".java", ""),
            names.toString(),
            String::concat);
      }
    }
    return found;
  }
}
