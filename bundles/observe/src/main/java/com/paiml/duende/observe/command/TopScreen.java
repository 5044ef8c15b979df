package com.paiml.duende.observe.command;

import com.paiml.duende.observe.command.TopState.Line;
import com.paiml.duende.observe.text.Figures;
import com.paiml.duende.spi.UsageMonitor.Gpu;
import com.paiml.duende.spi.UsageMonitor.Pressure;
import com.paiml.duende.spi.UsageMonitor.ProcessReading;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Lays out {@code duende top}: lines of plain text, none longer than the screen is wide. */
final class TopScreen {
  private static final int NAME = 20;
  private static final int FIXED = NAME + 57;
  private static final String HELP =
      """
      c  sort by processor use        enter  the daemon's processes
      m  sort by memory               esc    back
      t  sort by threads              k      kill it (SIGKILL), after a question
      f  sort by open files           r      restart it, after a question
      n  sort by name                 /      show only names with a text in them
      up, down  choose a daemon       q      quit

      CPU% is of one processor, of the whole tree of processes, since the reading before.
      HISTORY shows it over the last readings, from none to the most among them.
      A minus stands for a figure that the platform does not give.
      """;

  private final int columns;
  private final int rows;

  TopScreen(int columns, int rows) {
    this.columns = Math.max(40, columns);
    this.rows = Math.max(6, rows);
  }

  /**
   * What the screen shows beside the daemons.
   *
   * @param daemons how many there are
   * @param interval of the monitor
   * @param alert the last one; empty when there was none
   */
  record Head(
      int daemons, Duration interval, List<Pressure> pressure, List<Gpu> gpus, String alert) {}

  private String cut(String line) {
    String clean = line.stripTrailing();
    return clean.length() <= columns ? clean : clean.substring(0, columns - 1) + "…";
  }

  private List<String> filled(List<String> body, String last) {
    List<String> lines = new ArrayList<>(body.subList(0, Math.min(body.size(), rows - 1)));
    while (lines.size() < rows - 1) {
      lines.add("");
    }
    lines.add(last);
    return lines.stream().map(this::cut).toList();
  }

  private static List<String> head(Head head, List<Line> all, TopState state) {
    double cpu = all.stream().mapToDouble(l -> Math.max(0, l.last().cpuPercent())).sum();
    long memory = all.stream().mapToLong(l -> Math.max(0, l.last().memoryBytes())).sum();
    String pressure =
        head.pressure().stream()
            .map(p -> String.format(Locale.ROOT, "%s %.0f%%", p.resource(), p.some()))
            .collect(Collectors.joining(" "));
    String gpus =
        head.gpus().stream()
            .map(
                g ->
                    "  "
                        + g.name()
                        + " "
                        + (g.utilisation().isPresent()
                            ? Math.round(g.utilisation().getAsDouble()) + "%"
                            : "-"))
            .collect(Collectors.joining());
    List<String> lines = new ArrayList<>();
    lines.add(
        String.format(
            Locale.ROOT,
            "duende top  %d of %d daemons active  cpu %.1f%%  memory %s",
            all.size(),
            head.daemons(),
            cpu,
            Figures.bytes(memory)));
    lines.add(
        "every "
            + head.interval().toMillis()
            + " ms  "
            + (pressure.isEmpty() ? "no pressure figures" : "pressure " + pressure)
            + gpus
            + "  sort "
            + state.sort().name().toLowerCase(Locale.ROOT)
            + (state.filter().isEmpty() ? "" : "  filter " + state.filter()));
    lines.add(head.alert());
    return lines;
  }

  /** All daemons. */
  List<String> list(Head head, List<Line> all, TopState state) {
    if (state.isHelp()) {
      List<String> lines = new ArrayList<>(List.of("duende top", ""));
      lines.addAll(HELP.lines().toList());
      return filled(lines, "any key: back");
    }
    List<Line> shown = state.arrange(all);
    List<String> lines = head(head, all, state);
    int history = Math.max(0, columns - FIXED);
    lines.add(
        "  "
            + pad("NAME", NAME)
            + pad("STATE", 9)
            + "   CPU%  MEMORY PROC THRD FILES   READ  WRITE "
            + (history >= 7 ? "HISTORY" : ""));
    int room = rows - 1 - lines.size();
    int first = Math.clamp(state.selected() - room / 2, 0, Math.max(0, shown.size() - room));
    for (int i = first; i < Math.min(shown.size(), first + room); i++) {
      lines.add((i == state.selected() ? "> " : "  ") + line(shown.get(i), history));
    }
    if (shown.isEmpty()) {
      lines.add(
          all.isEmpty() ? "  no daemon is active" : "  no name has \"" + state.filter() + "\"");
    }
    return filled(lines, state.prompt());
  }

  private static String line(Line l, int history) {
    var r = l.last();
    return pad(l.name(), NAME)
        + pad(l.state(), 9)
        + String.format(
            Locale.ROOT,
            "%7s %7s %4s %4s %5s %6s %6s ",
            Figures.percent(r.cpuPercent()),
            Figures.bytes(r.memoryBytes()),
            Figures.count(r.processes()),
            Figures.count(r.threads()),
            Figures.count(r.openFiles()),
            Figures.bytes(r.readBytes()),
            Figures.bytes(r.writeBytes()))
        + Figures.spark(l.cpu().stream().mapToDouble(Double::doubleValue).toArray(), history);
  }

  private static String pad(String text, int width) {
    return text.length() >= width
        ? text.substring(0, width - 2) + "… "
        : text + " ".repeat(width - text.length());
  }

  /** One daemon with its processes, parents before children. */
  List<String> detail(Head head, Line line, List<ProcessReading> processes, TopState state) {
    var r = line.last();
    List<String> lines = new ArrayList<>();
    lines.add(line.name() + "  " + line.platform() + "  " + line.state());
    lines.add(
        "cpu "
            + Figures.percent(r.cpuPercent())
            + "%  memory "
            + Figures.bytes(r.memoryBytes())
            + String.format(Locale.ROOT, " (%.1f%%)", Math.max(0, r.memoryPercent()))
            + "  threads "
            + Figures.count(r.threads())
            + "  files "
            + Figures.count(r.openFiles())
            + "  switches "
            + Figures.count(r.voluntarySwitches())
            + "/"
            + Figures.count(r.involuntarySwitches()));
    lines.add(
        "cpu   "
            + Figures.spark(
                line.cpu().stream().mapToDouble(Double::doubleValue).toArray(), columns - 6));
    lines.add(head.alert());
    lines.add("    PID   PPID S   CPU%  MEMORY THRD FILES NAME");
    for (ProcessReading p : processes) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%7d %6d %c %6s %7s %4d %5s %s%s",
              p.pid(),
              p.parent(),
              p.state(),
              Figures.percent(p.cpuPercent()),
              Figures.bytes(p.memoryBytes()),
              p.threads(),
              Figures.count(p.openFiles()),
              "  ".repeat(depth(p, processes)),
              printable(p.name())));
    }
    if (processes.isEmpty()) {
      lines.add("  its processes are not this kernel's, or it has none of its own");
    }
    return filled(lines, state.prompt());
  }

  /** A process chooses its own name: control characters in it never reach the terminal. */
  private static String printable(String name) {
    return name.replaceAll("\\p{Cntrl}", "?");
  }

  private static int depth(ProcessReading process, List<ProcessReading> all) {
    int depth = 0;
    long parent = process.parent();
    while (depth < 10) {
      long wanted = parent;
      var found = all.stream().filter(p -> p.pid() == wanted).findFirst();
      if (found.isEmpty()) {
        return depth;
      }
      parent = found.get().parent();
      depth++;
    }
    return depth;
  }
}
