package com.paiml.duende.observe.command;

import com.paiml.duende.spi.UsageMonitor.Reading;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** What the person at {@code duende top} has chosen. For one thread. */
final class TopState {
  /** What to do besides drawing again. */
  enum Action {
    NONE,
    QUIT,
    KILL,
    RESTART
  }

  enum Sort {
    CPU,
    MEMORY,
    THREADS,
    FILES,
    NAME;

    private Comparator<Line> order() {
      Comparator<Line> byName = Comparator.comparing(Line::name);
      return switch (this) {
        case CPU ->
            Comparator.comparingDouble((Line l) -> -l.last().cpuPercent()).thenComparing(byName);
        case MEMORY ->
            Comparator.comparingLong((Line l) -> -l.last().memoryBytes()).thenComparing(byName);
        case THREADS ->
            Comparator.comparingLong((Line l) -> -l.last().threads()).thenComparing(byName);
        case FILES ->
            Comparator.comparingLong((Line l) -> -l.last().openFiles()).thenComparing(byName);
        case NAME -> byName;
      };
    }
  }

  private enum Mode {
    LIST,
    FILTER,
    CONFIRM_KILL,
    CONFIRM_RESTART,
    DETAIL,
    HELP
  }

  /**
   * A daemon on the screen.
   *
   * @param state what it is doing
   * @param last its last reading
   * @param cpu percent over the last readings, oldest first
   */
  record Line(String name, String platform, String state, Reading last, List<Double> cpu) {}

  private static final int ESCAPE = 27;
  private static final int INTERRUPT = 3;
  private static final int BACKSPACE = 127;
  private static final int CTRL_H = 8;
  private static final int LONGEST_FILTER = 32;

  private Mode mode = Mode.LIST;
  private Sort sort = Sort.CPU;
  private String filter = "";
  private int selected;
  private String selectedName = "";
  private String message = "";
  private int escape;

  Sort sort() {
    return sort;
  }

  String filter() {
    return filter;
  }

  String selectedName() {
    return selectedName;
  }

  boolean isDetail() {
    return mode == Mode.DETAIL;
  }

  boolean isHelp() {
    return mode == Mode.HELP;
  }

  void message(String text) {
    message = text;
  }

  /** The last line of the screen. */
  String prompt() {
    return switch (mode) {
      case FILTER -> "filter: " + filter + "_   (enter: keep, esc: none)";
      case CONFIRM_KILL -> "kill " + selectedName + " with SIGKILL? y/n";
      case CONFIRM_RESTART -> "restart " + selectedName + "? y/n";
      default ->
          !message.isEmpty()
              ? message
              : mode == Mode.DETAIL
                  ? "esc back   k kill   r restart   q quit"
                  : "q quit   c m t f n sort   / filter   enter look inside   k kill   r restart  "
                      + " ? help";
    };
  }

  /** The lines in the chosen order, without those that are filtered out; keeps the selection on its daemon. */
  List<Line> arrange(List<Line> all) {
    String wanted = filter.toLowerCase(Locale.ROOT);
    List<Line> shown =
        all.stream()
            .filter(l -> l.name().toLowerCase(Locale.ROOT).contains(wanted))
            .sorted(sort.order())
            .toList();
    if (mode == Mode.DETAIL || mode == Mode.CONFIRM_KILL || mode == Mode.CONFIRM_RESTART) {
      return shown;
    }
    selected = Math.clamp(selected, 0, Math.max(0, shown.size() - 1));
    selectedName = shown.isEmpty() ? "" : shown.get(selected).name();
    return shown;
  }

  int selected() {
    return selected;
  }

  /** Takes one byte from the keyboard. */
  Action key(int key) {
    if (key == INTERRUPT) {
      return Action.QUIT;
    }
    if (escape == 1 && key == '[') {
      escape = 2;
      return Action.NONE;
    }
    if (escape == 2) {
      escape = 0;
      move(key == 'A' ? -1 : key == 'B' ? 1 : 0);
      return Action.NONE;
    }
    if (escape == 1) {
      escape = 0;
      back();
    }
    if (key == ESCAPE) {
      escape = 1;
      return Action.NONE;
    }
    return switch (mode) {
      case FILTER -> filterKey(key);
      case CONFIRM_KILL -> confirmed(key, Action.KILL);
      case CONFIRM_RESTART -> confirmed(key, Action.RESTART);
      case HELP -> {
        mode = Mode.LIST;
        yield key == 'q' ? Action.QUIT : Action.NONE;
      }
      case LIST, DETAIL -> command(key);
    };
  }

  /** No byte has followed: an escape was meant as such. */
  void pause() {
    if (escape == 1) {
      escape = 0;
      back();
    }
  }

  private void back() {
    if (mode == Mode.FILTER) {
      filter = "";
    }
    mode = Mode.LIST;
    message = "";
  }

  private void move(int step) {
    if (mode == Mode.LIST) {
      selected = Math.max(0, selected + step);
    }
  }

  private Action filterKey(int key) {
    if (key == '\r' || key == '\n') {
      mode = Mode.LIST;
    } else if (key == BACKSPACE || key == CTRL_H) {
      filter = filter.substring(0, Math.max(0, filter.length() - 1));
    } else if (key > ' ' && key < BACKSPACE && filter.length() < LONGEST_FILTER) {
      filter += (char) key;
    }
    return Action.NONE;
  }

  private Action confirmed(int key, Action action) {
    mode = Mode.LIST;
    message = "";
    return key == 'y' || key == 'Y' ? action : Action.NONE;
  }

  private Action command(int key) {
    message = "";
    switch (key) {
      case 'q' -> {
        return Action.QUIT;
      }
      case 'c' -> sort = Sort.CPU;
      case 'm' -> sort = Sort.MEMORY;
      case 't' -> sort = Sort.THREADS;
      case 'f' -> sort = Sort.FILES;
      case 'n' -> sort = Sort.NAME;
      case 'j' -> move(1);
      case '/' -> mode = Mode.FILTER;
      case '?', 'h' -> mode = Mode.HELP;
      case '\r', '\n' -> {
        if (mode == Mode.LIST && !selectedName.isEmpty()) {
          mode = Mode.DETAIL;
        }
      }
      case 'k' -> ask(Mode.CONFIRM_KILL);
      case 'r' -> ask(Mode.CONFIRM_RESTART);
      default -> {
        // Keys without a meaning do nothing.
      }
    }
    return Action.NONE;
  }

  private void ask(Mode question) {
    if (!selectedName.isEmpty()) {
      mode = question;
    }
  }
}
