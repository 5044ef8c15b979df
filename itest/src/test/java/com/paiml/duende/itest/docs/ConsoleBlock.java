package com.paiml.duende.itest.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A fenced block {@code console} of a document: commands behind {@code $}, continued behind {@code >}, and what they say.
 *
 * @param line of the document on which the command stands
 * @param command for sh
 * @param expected the lines that are said to follow
 */
record ConsoleBlock(int line, String command, List<String> expected) {

  static List<ConsoleBlock> of(Path document) throws IOException {
    List<ConsoleBlock> blocks = new ArrayList<>();
    List<String> lines = Files.readAllLines(document);
    boolean inside = false;
    int line = 0;
    for (String text : lines) {
      line++;
      if (text.startsWith("```")) {
        inside = !inside && text.equals("```console");
      } else if (inside && text.startsWith("$ ")) {
        blocks.add(new ConsoleBlock(line, text.substring(2), new ArrayList<>()));
      } else if (inside
          && (text.startsWith("> ") || text.equals(">"))
          && blocks.getLast().expected().isEmpty()) {
        ConsoleBlock last = blocks.removeLast();
        blocks.add(
            new ConsoleBlock(
                last.line(),
                last.command() + "\n" + text.substring(Math.min(2, text.length())),
                last.expected()));
      } else if (inside && !text.isBlank() && !text.strip().equals("…")) {
        blocks.getLast().expected().add(text);
      }
    }
    return blocks;
  }

  /** The first expected line that is not among what was said, in order; empty when all are. */
  String missing(String said) {
    List<String> lines = said.lines().map(ConsoleBlock::loose).toList();
    int at = 0;
    for (String wanted : expected) {
      String loose = loose(wanted);
      while (at < lines.size() && !lines.get(at).equals(loose)) {
        at++;
      }
      if (at == lines.size()) {
        return wanted;
      }
      at++;
    }
    return "";
  }

  /** Numbers, units of time, blanks and lines of a table differ from run to run. */
  private static String loose(String line) {
    return line.toLowerCase(Locale.ROOT)
        .replaceAll("[0-9a-f]{8}-[0-9a-f-]{27}", "ID")
        .replaceAll("/[^ ,:;)]*/", "/…/")
        .replaceAll("\\d+([.:,]\\d+)*", "0")
        .replaceAll("0 ?(ns|us|µs|ms|s|m|h|d)\\b", "TIME")
        .replaceAll("TIME( TIME)+", "TIME")
        .replaceAll("0 ?([kmgt]i?b|b)\\b", "SIZE")
        .replaceAll("[-─━]{2,}", "-")
        .replaceAll("\\s+", " ")
        .strip();
  }
}
