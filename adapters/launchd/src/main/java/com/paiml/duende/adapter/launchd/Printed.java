package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.ExitReason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What {@code launchctl print DOMAIN/LABEL} says of a job. Its form is not promised by Apple; what is read here is one level
 * deep, {@code key = value}, so that nothing in arguments or environment is taken for it, and the last of several counts; and
 * of the blocks one alone.
 *
 * @param path the property list that it was loaded from
 * @param state "running", "not running", "spawn scheduled"…
 * @param pid while it runs
 * @param exit how the last run ended; empty while there was none
 * @param runs how often it was started
 * @param limits of the block {@code resource limits}: {@code maxfiles (soft)} and the like
 */
record Printed(
    String path,
    String state,
    OptionalLong pid,
    Optional<ExitReason> exit,
    long runs,
    Map<String, String> limits) {
  private static final String LIMITS = "\tresource limits = {";
  private static final Pattern LIMIT =
      Pattern.compile("\\t\\t([a-z]+ \\((?:soft|hard)\\)) => (.*)");
  private static final Pattern LINE = Pattern.compile("\\t([a-z][a-z ]*) = (.*)");
  private static final Pattern NUMBER = Pattern.compile("(?:.*: )?(\\d+)(?:: .*)?");
  private static final Pattern COLUMNS = Pattern.compile("(-|\\d+)\\s+(-?\\d+)\\s+(\\S.*)");

  static Printed parse(String text) {
    String path = "";
    String state = "";
    OptionalLong pid = OptionalLong.empty();
    Optional<ExitReason> exit = Optional.empty();
    long runs = 0;
    Map<String, String> limits = new HashMap<>();
    boolean inLimits = false;
    for (String line : text.split("\n")) {
      if (!line.startsWith("\t\t")) {
        inLimits = line.equals(LIMITS);
      }
      Matcher limit = LIMIT.matcher(line);
      if (inLimits && limit.matches()) {
        limits.put(limit.group(1), limit.group(2).strip());
      }
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
    return new Printed(path, state, pid, exit, runs, Map.copyOf(limits));
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
