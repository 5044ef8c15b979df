package com.paiml.duende.survival;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Nature;
import com.paiml.duende.bench.drive.Sort;
import com.paiml.duende.bench.drive.Witness;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Shell scripts that a platform runs outside the container's folders: each beginning of a life is a line in a file that both
 * sides see, or, where they share none, a line of the log.
 */
final class ForeignSort implements Sort {
  private static final String BACKOFF =
      "[exit]\ntally.deaths = 0\n[backoff]\ninitial = \"200ms\"\nmax = \"400ms\"\njitter = 0.0\n";

  private final Installed duende;
  private final String name;
  private final String keys;
  private final String table;
  private final boolean sharesFiles;

  /**
   * @param name how names of its daemons begin
   * @param keys lines of the daemon file, among them the platform
   * @param table of the platform, with its head; may be empty
   * @param sharesFiles whether a daemon sees {@link #folder} under the same path
   */
  ForeignSort(Installed duende, String name, String keys, String table, boolean sharesFiles) {
    this.duende = duende;
    this.name = name;
    this.keys = keys;
    this.table = table;
    this.sharesFiles = sharesFiles;
  }

  /** Where the daemons of this container note the beginnings of their lives. */
  static Path folder(Installed duende) throws IOException {
    return Files.createDirectories(duende.data().resolveSibling("lives"));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean isOutside() {
    return true;
  }

  @Override
  public String file(String daemon, Nature nature) {
    String note =
        sharesFiles
            ? "echo $$ >> " + duende.data().resolveSibling("lives").resolve(daemon) + "; "
            : "";
    String life =
        switch (nature) {
          case STEADY, TOGGLED -> "exec sleep 3600";
          case TALKING ->
              "trap \"exit 0\" TERM; i=0; while :; do i=$((i+1)); echo tick $i; sleep 1; done";
          case CRASHING -> "sleep 3; exit 7";
        };
    return "name = \""
        + daemon
        + "\"\n"
        + keys
        + "binary_path = \"/bin/sh\"\nargs = [\"-c\", '"
        + note
        + "echo alive; "
        + life
        + "']\nenv = [\"PATH=/usr/bin:/bin\", \""
        + duende.mark()
        + "\", \""
        + Witness.WHO
        + "="
        + daemon
        + "\"]\nshutdown_timeout = \"100ms\"\nrestart = \""
        + (nature == Nature.CRASHING ? "always" : "unless-stopped")
        + "\"\n"
        + BACKOFF
        + table;
  }

  @Override
  public long lives(String daemon) throws IOException {
    Path file =
        sharesFiles
            ? folder(duende).resolve(daemon)
            : duende.data().resolve("log").resolve(daemon + ".log");
    if (!Files.exists(file)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(file)) {
      return lines.filter(l -> sharesFiles || l.startsWith("alive")).count();
    }
  }
}
