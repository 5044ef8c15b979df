package com.paiml.duende.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The help texts of the distribution's commands, from {@code lib/commands.txt}, so that help needs no container. The build
 * makes that file from the commands themselves: entries {@code SCOPE NAME}, then the text, separated by form feeds.
 */
final class OfflineHelp {
  private final Environment environment;
  private final List<Entry> entries = new ArrayList<>();
  private boolean read;

  /** @param text the help, its first line {@code PROGRAM NAME - what it does} */
  private record Entry(String scope, String name, String text) {
    String summary() {
      int dash = text.indexOf(" - ");
      int end = text.indexOf('\n');
      return dash < 0 || dash > end ? "" : text.substring(dash + 3, end);
    }
  }

  OfflineHelp(Environment environment) {
    this.environment = environment;
  }

  String program() {
    return environment.program();
  }

  /** Whether the distribution has this command. */
  boolean knows(String name) throws IOException {
    return find(name) != null;
  }

  /** The names of the commands, sorted. */
  List<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    for (Entry entry : entries()) {
      names.add(entry.name());
    }
    return names;
  }

  /** The text about one command; empty when there is none. */
  String text(String name) throws IOException {
    Entry entry = find(name);
    return entry == null ? "" : entry.text();
  }

  int show(List<String> names) throws IOException {
    if (names.isEmpty()) {
      Main.say(overview());
      return 0;
    }
    for (String name : names) {
      String text = text(name);
      if (text.isEmpty()) {
        Main.complain(environment, "no command " + name + ": '" + program() + " help' lists them");
        return Main.USAGE;
      }
      Main.say(text);
    }
    return 0;
  }

  String overview() throws IOException {
    StringBuilder out = new StringBuilder();
    out.append("usage: ").append(program()).append(" COMMAND [ARGUMENTS]\n\n");
    int width = 0;
    for (Entry entry : entries()) {
      width = Math.max(width, entry.name().length());
    }
    for (Entry entry : entries()) {
      out.append("  ").append(entry.name());
      for (int i = entry.name().length(); i < width + 2; i++) {
        out.append(' ');
      }
      out.append(entry.summary()).append('\n');
    }
    return out.append("\n'").append(program()).append(" help COMMAND' says more.\n").toString();
  }

  private @org.jspecify.annotations.Nullable Entry find(String name) throws IOException {
    for (Entry entry : entries()) {
      if (entry.name().equals(name)) {
        return entry;
      }
    }
    return null;
  }

  private List<Entry> entries() throws IOException {
    if (!read) {
      read = true;
      Path file = environment.home().resolve("lib/commands.txt");
      try {
        parse(Files.readString(file));
      } catch (NoSuchFileException e) {
        throw new IOException("this distribution has no " + file + ": build it again", e);
      }
    }
    return entries;
  }

  private void parse(String all) {
    int from = 0;
    while (from < all.length()) {
      int to = all.indexOf("\f\n", from);
      to = to < 0 ? all.length() : to;
      int line = all.indexOf('\n', from);
      int blank = all.indexOf(' ', from);
      if (blank > 0 && blank < line && all.substring(from, blank).equals(environment.scope())) {
        entries.add(
            new Entry(
                environment.scope(), all.substring(blank + 1, line), all.substring(line + 1, to)));
      }
      from = to + 2;
    }
  }
}
