package com.paiml.duende.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Completion of the command line in bash, zsh and fish: small scripts, which ask {@code duende __complete WORDS...}. */
final class Completion {
  private static final List<String> SHELLS = List.of("bash", "zsh", "fish");
  private static final List<String> SIGNALS =
      List.of("HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "TERM", "CONT", "STOP");

  private Completion() {}

  static int print(Environment environment, List<String> words) throws IOException {
    if (words.size() != 1 || !SHELLS.contains(words.get(0))) {
      Main.complain(environment, "usage: " + environment.program() + " completion bash|zsh|fish");
      return Main.USAGE;
    }
    String resource = "completion." + words.get(0);
    try (InputStream in = Completion.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException("this client has no " + resource);
      }
      String script = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      Main.say(script.replace("PROGRAM", environment.program()));
    }
    return 0;
  }

  /** What the last of the words may be, one per line; a line {@code :files} where file names fit. */
  static int candidates(Environment environment, OfflineHelp help, List<String> words)
      throws IOException {
    String last = words.isEmpty() ? "" : words.get(words.size() - 1);
    List<String> found = new ArrayList<>();
    if (words.size() <= 1) {
      found.addAll(help.names());
    } else {
      String command = words.get(0);
      if (last.startsWith("-")) {
        options(help.text(command), found);
      } else {
        arguments(environment, help.text(command), command, found);
      }
    }
    StringBuilder out = new StringBuilder();
    for (String candidate : found) {
      if (candidate.startsWith(last) || candidate.equals(":files")) {
        out.append(candidate).append('\n');
      }
    }
    Main.say(out.toString());
    return 0;
  }

  /** Lines of a help text that begin with an option: {@code "  -a, --all   also …"}. */
  private static void options(String text, List<String> found) {
    for (String line : text.lines().toList()) {
      int at = 0;
      while (at < line.length() && line.charAt(at) == ' ') {
        at++;
      }
      while (at > 0 && line.startsWith("-", at)) {
        int end = at;
        while (end < line.length() && " ,=".indexOf(line.charAt(end)) < 0) {
          end++;
        }
        found.add(line.substring(at, end));
        at = line.startsWith(", ", end) ? end + 2 : 0;
      }
    }
  }

  private static void arguments(
      Environment environment, String text, String command, List<String> found) throws IOException {
    int line = text.indexOf("usage:");
    String usage = line < 0 ? "" : text.substring(line, text.indexOf('\n', line));
    if (usage.contains("NAME")) {
      found.addAll(daemons(environment));
    }
    if (usage.contains("SIGNAL")) {
      found.addAll(SIGNALS);
    }
    if (usage.contains("FILE")) {
      found.add(":files");
    }
    if (command.equals("completion")) {
      found.addAll(SHELLS);
    }
  }

  /** The names of the daemons, where a container can be asked. */
  private static List<String> daemons(Environment environment) throws IOException {
    try (Call call = Call.to(environment.data())) {
      return call.ask(environment.hello(List.of("ps", "--all", "--names"))).lines().toList();
    } catch (NoContainer e) {
      return List.of();
    }
  }
}
