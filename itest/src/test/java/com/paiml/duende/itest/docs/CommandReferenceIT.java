package com.paiml.duende.itest.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.itest.container.Distribution;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** {@code docs/commands.md} says of every command of the distribution what its help says, and of no other. */
class CommandReferenceIT {
  private static final Path REFERENCE = Path.of("../docs/commands.md");

  @Test
  void the_reference_is_the_help() throws Exception {
    Map<String, String> helps = new TreeMap<>();
    for (String text :
        Files.readString(Distribution.home().resolve("lib/commands.txt")).split("\f\n?")) {
      int end = text.indexOf('\n');
      if (text.startsWith("duende ")) {
        helps.put(text.substring(0, end), text.substring(end + 1).strip());
      }
    }
    assertTrue(helps.size() > 20, helps.keySet()::toString);
    StringBuilder sections = new StringBuilder();
    helps.forEach(
        (name, help) ->
            sections.append("\n## ").append(name).append("\n```\n").append(help).append("\n```\n"));
    String reference = Files.readString(REFERENCE);
    int first = reference.indexOf("\n## ");
    String introduction = first < 0 ? reference : reference.substring(0, first);
    Path wanted = Files.writeString(Path.of("target/commands.md"), introduction + sections);
    assertEquals(
        introduction + sections,
        reference,
        () -> "the help has changed: copy itest/" + wanted + " to docs/commands.md");
  }
}
