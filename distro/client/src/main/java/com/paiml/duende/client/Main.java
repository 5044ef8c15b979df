package com.paiml.duende.client;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** {@code duende WORDS...}: exit status 0, 1 (refused or failed), 2 (usage), 130 (interrupted), 141 (nobody reads the output). */
public final class Main {
  static final int FAILED = 1;
  static final int USAGE = 2;
  static final int INTERRUPTED = 130;
  static final int NO_READER = 141;

  private Main() {}

  /** Does what the words say and ends the process with its exit status. */
  public static void main(String[] words) {
    Environment environment = Environment.ofProcess();
    int status;
    try {
      status = run(environment, List.of(words));
    } catch (NobodyReads e) {
      status = NO_READER;
    } catch (IOException e) {
      complain(environment, e.getMessage() == null ? e.toString() : e.getMessage());
      status = FAILED;
    }
    // Not exit: nothing is left to be done, and shutdown hooks are for signals only.
    Runtime.getRuntime().halt(status);
  }

  private static int run(Environment environment, List<String> words) throws IOException {
    OfflineHelp help = new OfflineHelp(environment);
    if (words.isEmpty()) {
      say(help.overview());
      return USAGE;
    }
    if (asksForHelp(words)) {
      return help.show(words.subList(0, 1));
    }
    List<String> rest = words.subList(1, words.size());
    return switch (words.get(0)) {
      case "help", "--help", "-h" -> help.show(rest);
      case "completion" -> Completion.print(environment, rest);
      case "__complete" -> Completion.candidates(environment, help, rest);
      default -> call(environment, help, words);
    };
  }

  private static boolean asksForHelp(List<String> words) {
    // What is being completed may be an option of that name.
    int end = words.get(0).equals("__complete") ? 0 : words.size();
    for (int i = 1; i < end && !words.get(i).equals("--"); i++) {
      if (words.get(i).equals("--help") || words.get(i).equals("-h")) {
        return true;
      }
    }
    return false;
  }

  private static int call(Environment environment, OfflineHelp help, List<String> words)
      throws IOException {
    Path data = environment.data();
    boolean down = environment.scope().equals("duende") && words.get(0).equals("down");
    // Read before it is asked to go, and waited for afterwards: down is done when the process is
    // gone.
    long pid = down ? Departure.pid(data) : 0;
    int status;
    try (Call call = Call.to(data)) {
      status = call.make(environment.hello(words));
    } catch (NoContainer e) {
      if (!help.knows(words.get(0))) {
        complain(
            environment,
            "no command " + words.get(0) + ": '" + help.program() + " help' lists them");
        return USAGE;
      }
      throw e;
    }
    return down && status == 0 ? Departure.await(environment, pid) : status;
  }

  /** One sentence on standard error. */
  static void complain(Environment environment, String sentence) {
    try {
      write(FileDescriptor.err, environment.program() + ": " + sentence + "\n");
    } catch (IOException e) {
      // Where nobody reads complaints there is nobody to complain to: the exit status says it.
      return;
    }
  }

  static void say(String text) throws IOException {
    try {
      write(FileDescriptor.out, text);
    } catch (IOException e) {
      throw new NobodyReads(e);
    }
  }

  private static void write(FileDescriptor to, String text) throws IOException {
    OutputStream stream = new FileOutputStream(to);
    stream.write(text.getBytes(StandardCharsets.UTF_8));
  }
}
