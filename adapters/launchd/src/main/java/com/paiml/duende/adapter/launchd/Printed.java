package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.ExitReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code launchctl print DOMAIN/LABEL} says of a job. Its form is not promised by Apple; what is read here is one level
 * deep, {@code key = value}, so that nothing in arguments or environment is taken for it, and the last of several counts.
 *
 * @param path the property list that it was loaded from
 * @param state "running", "not running", "spawn scheduled"…
 * @param pid while it runs
 * @param exit how the last run ended; empty while there was none
 * @param runs how often it was started
 */
record Printed(String path, String state, OptionalLong pid, Optional<ExitReason> exit, long runs) {
  private static final Pattern LINE = Pattern.compile("\\t([a-z][a-z ]*) = (.*)");
  private static final Pattern NUMBER = Pattern.compile("(?:.*: )?(\\d+)(?:: .*)?");
  private static final Pattern COLUMNS = Pattern.compile("(-|\\d+)\\s+(-?\\d+)\\s+(\\S.*)");

  static Printed parse(String text) {
    String path = "";
    String state = "";
    OptionalLong pid = OptionalLong.empty();
    Optional<ExitReason> exit = Optional.empty();
    long runs = 0;
    for (String line : text.split("\n")) {
      Matcher m = LINE.matcher(line);
      if (!m.matches()) {
        continue;
      }
      String value = m.group(2).strip();
      switch (m.group(1)) {
        case "path" -> path = value;
        case "state" -> state = value;
        case "pid" -> pid = number(value);
        case "runs" -> runs = number(value).orElse(0);
        case "last exit code" ->
            exit =
                number(value).isPresent()
                    ? Optional.of(ExitReason.ofCode((int) number(value).getAsLong()))
                    : Optional.empty();
        case "last terminating signal" -> {
          OptionalLong signal = number(value);
          if (signal.isPresent()) {
            exit = Optional.of(new ExitReason.Signalled((int) signal.getAsLong(), false));
          }
        }
        default -> {}
      }
    }
    return new Printed(path, state, pid, exit, runs);
  }

  private static OptionalLong number(String value) {
    Matcher m = NUMBER.matcher(value);
    return m.matches() ? OptionalLong.of(Long.parseLong(m.group(1))) : OptionalLong.empty();
  }

  /** The labels that {@code launchctl list} shows: three columns, the last the label. */
  static List<String> labels(String listed) {
    List<String> labels = new ArrayList<>();
    for (String line : listed.split("\n")) {
      Matcher m = COLUMNS.matcher(line.strip());
      if (m.matches()) {
        labels.add(m.group(3));
      }
    }
    return labels;
  }
}
