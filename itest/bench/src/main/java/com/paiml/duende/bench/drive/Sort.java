package com.paiml.duende.bench.drive;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;

/** A way to run daemons, and how their lives are counted without asking the manager. */
public interface Sort {
  /** Before the first restart. */
  String PAUSE = "200ms";

  /** How names of these daemons begin. */
  String name();

  /** Whether its daemons live outside the container's JVM, with processes of their own. */
  boolean isOutside();

  /** A daemon file for one of this nature, which writes down each beginning of a life. */
  String file(String name, Nature nature);

  /** Whether each life of a crashing one begins with a line "life PID" in its log, as its file of lives has the PID. */
  default boolean tellsLives() {
    return false;
  }

  /** How often this one has begun to live. */
  long lives(String name) throws IOException;

  /** Programs under the native adapter. */
  static Sort programs(Installed duende) {
    return scripts(duende, "program", "");
  }

  /** Programs under the native adapter that are restarted without a pause, by what waits for their end. */
  static Sort promptPrograms(Installed duende) {
    return scripts(duende, "prompt", "", "0ms");
  }

  /**
   * Shell scripts that run where the container runs, with their state directories.
   *
   * @param more lines of the daemon file, tables last
   */
  static Sort scripts(Installed duende, String sort, String more) {
    return scripts(duende, sort, more, PAUSE);
  }

  private static Sort scripts(Installed duende, String sort, String more, String pause) {
    return new Sort() {
      @Override
      public String name() {
        return sort;
      }

      @Override
      public boolean isOutside() {
        return true;
      }

      @Override
      public boolean tellsLives() {
        return more.isEmpty();
      }

      @Override
      public String file(String name, Nature nature) {
        String script =
            switch (nature) {
              case CRASHING ->
                  "echo $$ >> lives; echo life $$; sleep 0.$(( ($$ % 6) + 3 )); exit 7";
              case TALKING ->
                  "echo $$ >> lives; i=0; while :; do i=$((i+1)); echo tick $i; sleep 1; done";
              case STEADY, TOGGLED -> "echo $$ >> lives; echo alive; exec sleep 3600";
            };
        return "name = \""
            + name
            + "\"\nbinary_path = \"/bin/sh\"\nargs = [\"-c\", '"
            + script
            + "']\nenv = [\""
            + duende.mark()
            + "\", \""
            + Witness.WHO
            + "="
            + name
            + "\"]\n"
            + restarts(nature, more, pause);
      }

      @Override
      public long lives(String name) throws IOException {
        return lines(duende.data().resolve("state").resolve(name).resolve("lives"), "");
      }
    };
  }

  /** Daemon objects in the container's JVM, of the bundle of probes. */
  static Sort objects(Installed duende) {
    return new Sort() {
      @Override
      public String name() {
        return "object";
      }

      @Override
      public boolean isOutside() {
        return false;
      }

      @Override
      public String file(String name, Nature nature) {
        return "name = \""
            + name
            + "\"\nclass = \"com.paiml.duende.probe."
            + (nature == Nature.CRASHING ? "Brief" : "Counted")
            + "\"\nbundle = \"com.paiml.duende.probe\"\n"
            + restarts(nature, "", PAUSE);
      }

      @Override
      public long lives(String name) throws IOException {
        return lines(duende.data().resolve("state").resolve(name).resolve("lives"), "");
      }
    };
  }

  /**
   * Processes of WOS, in the container's JVM.
   *
   * @param examples the built modules of the adapter
   */
  static Sort modules(Installed duende, Path examples) {
    return new Sort() {
      @Override
      public String name() {
        return "module";
      }

      @Override
      public boolean isOutside() {
        return false;
      }

      @Override
      public String file(String name, Nature nature) {
        return "name = \""
            + name
            + "\"\nmodule = \""
            + examples.resolve(nature == Nature.CRASHING ? "hello.wasm" : "counter.wasm")
            + "\"\nargs = [\"x\"]\n"
            + restarts(nature, "platform = \"wos\"\n", PAUSE);
      }

      @Override
      public long lives(String name) throws IOException {
        Path log = duende.data().resolve("log").resolve(name + ".log");
        return lines(log, "counter x starts") + lines(log, "hello from wasm");
      }
    };
  }

  private static String restarts(Nature nature, String more, String pause) {
    String keys =
        nature == Nature.CRASHING ? "restart = \"always\"\n" : "restart = \"unless-stopped\"\n";
    String tables =
        "[exit]\ntally.deaths = 0\n[backoff]\ninitial = \""
            + pause
            + "\"\nmax = \"400ms\"\njitter = 0.0\n";
    int table = more.indexOf('[');
    return table < 0
        ? more + keys + tables
        : more.substring(0, table) + keys + tables + more.substring(table);
  }

  private static long lines(Path file, String begins) throws IOException {
    if (!Files.exists(file)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(file)) {
      return lines.filter(l -> l.toLowerCase(Locale.ROOT).startsWith(begins)).count();
    }
  }
}
