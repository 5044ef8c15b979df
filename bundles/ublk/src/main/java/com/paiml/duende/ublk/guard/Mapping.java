package com.paiml.duende.ublk.guard;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A mapping of this process, proc_pid_smaps(5).
 *
 * @param start address
 * @param bytes its size
 * @param accessible whether it may be read or written at all: a guard page and what is merely reserved may not
 * @param own whether it is this process's alone, and not shared with whoever maps the same file
 * @param path what is mapped, a file or a name in brackets; empty for memory without a name
 * @param resident bytes that are there
 */
record Mapping(
    long start, long bytes, boolean accessible, boolean own, String path, long resident) {
  private static final int PATH_FIELD = 6;

  /** All of them; none where they cannot be read. */
  static List<Mapping> all() {
    try {
      return parse(Files.readAllLines(Path.of("/proc/self/smaps")));
    } catch (IOException unreadable) {
      return List.of();
    }
  }

  static List<Mapping> parse(List<String> lines) {
    List<Mapping> all = new ArrayList<>();
    String head = "";
    for (String line : lines) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        head = line;
      } else if (line.startsWith("Rss:")) {
        all.add(of(head, Long.parseLong(line.replaceAll("[^0-9]", "")) << 10));
      }
    }
    return all;
  }

  private static Mapping of(String head, long resident) {
    String[] fields = head.split(" +", PATH_FIELD);
    int dash = fields[0].indexOf('-');
    long start = Long.parseUnsignedLong(fields[0].substring(0, dash), 16);
    long end = Long.parseUnsignedLong(fields[0].substring(dash + 1), 16);
    return new Mapping(
        start,
        end - start,
        !fields[1].startsWith("---"),
        fields[1].endsWith("p"),
        fields.length == PATH_FIELD ? fields[PATH_FIELD - 1].strip() : "",
        resident);
  }

  /**
   * Whether a thread of the JVM may touch it while the JVM stands still, and so must be there. Not what is shared: rings, what
   * a target serves, which may be as large as the disk, and the JVM's classes, of which those that a server needs are loaded.
   */
  boolean isNeeded() {
    return accessible && own && !path.startsWith("[v");
  }
}
