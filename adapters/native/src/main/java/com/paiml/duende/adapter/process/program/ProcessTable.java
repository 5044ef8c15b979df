package com.paiml.duende.adapter.process.program;

import com.paiml.duende.support.program.RunMark;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The processes of this machine at one time, as far as proc(5) shows them. One reading serves any number of questions about
 * trees.
 */
final class ProcessTable {
  private static final Path PROC = Path.of("/proc");

  /**
   * One process, fields of {@code /proc/PID/stat}.
   *
   * @param parent its parent's pid
   * @param session its session
   * @param state one letter; {@code Z} is a zombie
   * @param start ticks since boot at which it started
   */
  record Entry(int pid, int parent, int session, char state, long start) {
    /** Its memory and descriptors are gone; it only waits for its parent to ask. */
    boolean isDead() {
      return state == 'Z' || state == 'X';
    }

    boolean isStopped() {
      return state == 'T';
    }

    boolean waitsInKernel() {
      return state == 'D';
    }
  }

  private final Map<Integer, Entry> entries = new HashMap<>();
  private final Map<Integer, String> marks = new HashMap<>();

  static ProcessTable read() throws IOException {
    ProcessTable table = new ProcessTable();
    byte[] buffer = new byte[1024];
    try (DirectoryStream<Path> folders =
        Files.newDirectoryStream(PROC, p -> isNumber(String.valueOf(p.getFileName())))) {
      for (Path folder : folders) {
        entry(folder, buffer).ifPresent(e -> table.entries.put(e.pid(), e));
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return table;
  }

  /** These alone, as far as they still are. */
  static ProcessTable of(List<Integer> pids) throws IOException {
    ProcessTable table = new ProcessTable();
    for (int pid : pids) {
      entry(pid).ifPresent(e -> table.entries.put(e.pid(), e));
    }
    return table;
  }

  static Optional<Entry> entry(int pid) throws IOException {
    return entry(PROC.resolve(Integer.toString(pid)), new byte[1024]);
  }

  private static boolean isNumber(String name) {
    return !name.isEmpty() && name.charAt(0) >= '1' && name.charAt(0) <= '9';
  }

  private static Optional<Entry> entry(Path folder, byte[] buffer) throws IOException {
    int n;
    try (InputStream in = Files.newInputStream(folder.resolve("stat"))) {
      n = in.readNBytes(buffer, 0, buffer.length);
    } catch (IOException gone) {
      if (Files.exists(folder.resolve("stat"))) {
        throw gone;
      }
      return Optional.empty();
    }
    return Optional.of(parse(new String(buffer, 0, n, StandardCharsets.ISO_8859_1)));
  }

  /** The name in parentheses may hold anything, also parentheses and blanks. */
  static Entry parse(String stat) {
    int pid = Integer.parseInt(stat.substring(0, stat.indexOf(' ')));
    String[] field = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return new Entry(
        pid,
        Integer.parseInt(field[1]),
        Integer.parseInt(field[3]),
        field[0].charAt(0),
        Long.parseLong(field[19]));
  }

  Optional<Entry> get(int pid) {
    return Optional.ofNullable(entries.get(pid));
  }

  /**
   * The living processes of a run: those of the main process's session, their descendants, and whatever carries the mark.
   *
   * @param main pid of the main process, which may have ended
   * @param start when it started
   */
  List<Entry> tree(int main, long start, RunMark mark) {
    Entry now = entries.get(main);
    boolean numberIsOurs = now == null || now.start() == start;
    long self = ProcessHandle.current().pid();
    List<Entry> members = new ArrayList<>();
    Map<Integer, Boolean> known = new HashMap<>();
    for (Entry e : entries.values()) {
      if (e.pid() != self
          && !e.isDead()
          && e.start() >= start
          && isMember(e, main, numberIsOurs, start, mark, known)) {
        members.add(e);
      }
    }
    return members;
  }

  private boolean isMember(
      Entry e,
      int main,
      boolean numberIsOurs,
      long start,
      RunMark mark,
      Map<Integer, Boolean> known) {
    Boolean before = known.get(e.pid());
    if (before != null) {
      return before;
    }
    // Guards against a loop, which a table read while pids are reused may show.
    known.put(e.pid(), false);
    boolean member =
        (numberIsOurs && (e.pid() == main || e.session() == main)) || mark(e).equals(mark.value());
    if (!member) {
      Entry parent = entries.get(e.parent());
      member =
          parent != null
              && parent.pid() > 1
              && parent.start() >= start
              && parent.start() <= e.start()
              && isMember(parent, main, numberIsOurs, start, mark, known);
    }
    known.put(e.pid(), member);
    return member;
  }

  /** The living process with this mark that leads a session, as main processes do, and whose parent is none of the run. */
  Optional<Entry> main(RunMark mark) {
    return entries.values().stream()
        .filter(e -> !e.isDead() && e.session() == e.pid() && mark(e).equals(mark.value()))
        .filter(e -> get(e.parent()).map(p -> !mark(p).equals(mark.value())).orElse(true))
        .min(Comparator.comparingLong(Entry::start));
  }

  /** All living processes with a mark of that instance, and the mark. */
  Map<Entry, String> marked(com.paiml.duende.spi.Instance instance) {
    Map<Entry, String> found = new HashMap<>();
    for (Entry e : entries.values()) {
      String mark = e.isDead() ? "" : mark(e);
      if (RunMark.belongsTo(instance, mark)) {
        found.put(e, mark);
      }
    }
    return found;
  }

  /** The mark in its environment; empty when it has none or is not ours to read. */
  private String mark(Entry e) {
    return marks.computeIfAbsent(e.pid(), ProcessTable::readMark);
  }

  private static String readMark(int pid) {
    try {
      String environment =
          Files.readString(
              PROC.resolve(Integer.toString(pid)).resolve("environ"), StandardCharsets.ISO_8859_1);
      for (String variable : environment.split("\0")) {
        if (variable.startsWith(Programs.MARK + "=")) {
          return variable.substring(Programs.MARK.length() + 1);
        }
      }
      return "";
    } catch (IOException goneOrForeign) {
      return "";
    }
  }
}
