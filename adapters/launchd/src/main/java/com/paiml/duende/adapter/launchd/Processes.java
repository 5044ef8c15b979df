package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.support.program.RunMark;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The processes of a run, by ps(1) and kill(1): launchd itself knows the main process, and of the others only those of its
 * process group, when the main one has ended. What has gone into a session of its own is known by the mark in its environment,
 * which macOS shows for programs that the system does not protect.
 */
final class Processes {
  /**
   * What has the mark in the environment of every process of a run. Not the native adapter's variable: each of the two ends
   * what has its mark and belongs to none of its own daemons.
   */
  static final String MARK_VARIABLE = "DUENDE_LAUNCHD_RUN";

  private static final Path PS = Path.of("/bin/ps");
  private static final Path KILL = Path.of("/bin/kill");
  private static final Pattern LINE = Pattern.compile("\\s*([0-9]+)\\s+(\\S+)\\s+([0-9]+)\\s(.*)");
  private static final Pattern MARK = Pattern.compile("(?:^|\\s)" + MARK_VARIABLE + "=(\\S+)");

  /**
   * @param stopped whether it stands still
   * @param residentKib resident memory
   */
  record Marked(ProcessHandle process, boolean stopped, long residentKib, String mark) {}

  private Processes() {}

  /** All that carry such a mark. */
  static List<Marked> marked(Predicate<String> wanted, Deadline deadline) throws DaemonException {
    List<Marked> found = new ArrayList<>();
    long self = ProcessHandle.current().pid();
    for (Row row : rows(deadline)) {
      Matcher mark = MARK.matcher(row.command());
      if (row.pid() != self && mark.find() && wanted.test(mark.group(1))) {
        ProcessHandle.of(row.pid())
            .ifPresent(
                p ->
                    found.add(
                        new Marked(
                            p, row.state().startsWith("T"), row.residentKib(), mark.group(1))));
      }
    }
    return found;
  }

  /** Whether this process is there and is more than a zombie that launchd has yet to take note of. */
  static boolean isAlive(long pid, Deadline deadline) throws DaemonException {
    Launchctl.Answer answer = Launchctl.run(PS, deadline, "-o", "stat=", "-p", Long.toString(pid));
    String state = answer.words();
    return answer.ok() && !state.isEmpty() && !state.startsWith("Z");
  }

  private record Row(long pid, String state, long residentKib, String command) {}

  private static List<Row> rows(Deadline deadline) throws DaemonException {
    boolean mac = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("mac");
    Launchctl.Answer answer =
        Launchctl.run(PS, deadline, mac ? "-axEww" : "axeww", "-o", "pid=,stat=,rss=,command=");
    if (!answer.ok()) {
      throw new DaemonException(ErrorCode.STATUS, "ps", answer.words(), "");
    }
    List<Row> rows = new ArrayList<>();
    for (String line : answer.text().split("\n")) {
      Matcher m = LINE.matcher(line);
      if (m.matches() && !m.group(2).startsWith("Z")) {
        rows.add(
            new Row(
                Long.parseLong(m.group(1)), m.group(2), Long.parseLong(m.group(3)), m.group(4)));
      }
    }
    return rows;
  }

  /** A main process with all below it and all that carry its mark; those that live. */
  static List<ProcessHandle> tree(Optional<ProcessHandle> main, RunMark mark, Deadline deadline)
      throws DaemonException {
    Set<ProcessHandle> all = new LinkedHashSet<>();
    main.filter(ProcessHandle::isAlive)
        .ifPresent(
            p -> {
              all.add(p);
              try (Stream<ProcessHandle> below = p.descendants()) {
                all.addAll(below.toList());
              }
            });
    marked(mark.value()::equals, deadline).forEach(m -> all.add(m.process()));
    all.removeIf(p -> !p.isAlive());
    return List.copyOf(all);
  }

  /** kill(1): Java itself knows TERM and KILL only. What has ended meanwhile does not matter. */
  static void signal(String daemon, Signal signal, List<ProcessHandle> processes, Deadline deadline)
      throws DaemonException {
    List<String> words = new ArrayList<>(List.of("-" + signal.name()));
    processes.stream()
        .filter(ProcessHandle::isAlive)
        .forEach(p -> words.add(Long.toString(p.pid())));
    if (words.size() == 1) {
      return;
    }
    Launchctl.Answer answer = Launchctl.run(KILL, deadline, words.toArray(String[]::new));
    if (!answer.ok() && processes.stream().allMatch(ProcessHandle::isAlive)) {
      throw new DaemonException(
          ErrorCode.SIGNAL,
          daemon,
          "kill -" + signal + " was refused: " + answer.words(),
          "see whose process it is");
    }
  }
}
