package com.paiml.duende.bench.drive;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One daemon as {@code duende ps --json} has it.
 *
 * @param name of the instance
 * @param id minted at its first deploy
 * @param state a word of {@code DaemonStatus.State}, in small letters
 * @param reason why it failed; empty when it did not
 * @param activity what it is doing; may be empty
 * @param ready whether it is
 * @param pid of its main process; 0 when it has none
 * @param startedAt of its present or last run, as text; empty when it had none
 * @param restarts how often it was started again
 * @param lastExit how its last run ended; empty when that is not known
 * @param adapterPresent whether its adapter looks after it
 * @param generation number of its present or last run
 */
public record Listed(
    String name,
    String id,
    String state,
    String reason,
    String activity,
    boolean ready,
    long pid,
    String startedAt,
    long restarts,
    String lastExit,
    boolean adapterPresent,
    long generation) {
  // Laid out one key a line; what is nested stands further in.
  private static final Pattern FIELD =
      Pattern.compile("^ {4}\"([a-z_]+)\": (?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^,\\[{]+)),?$");

  public boolean isRunning() {
    return state.equals("running");
  }

  /** Whether it has come to rest. */
  public boolean isAtRest() {
    return state.equals("stopped") || state.equals("failed") || state.equals("created");
  }

  static List<Listed> parse(String json) {
    List<Listed> all = new ArrayList<>();
    Map<String, String> fields = new HashMap<>();
    for (String line : json.lines().toList()) {
      if (line.equals("  },") || line.equals("  }")) {
        all.add(of(fields));
        fields.clear();
        continue;
      }
      Matcher field = FIELD.matcher(line);
      if (field.matches()) {
        String text = field.group(2) == null ? field.group(3) : field.group(2);
        fields.put(field.group(1), text.equals("null") ? "" : text);
      }
    }
    return all;
  }

  private static Listed of(Map<String, String> fields) {
    return new Listed(
        fields.getOrDefault("name", ""),
        fields.getOrDefault("id", ""),
        fields.getOrDefault("state", ""),
        fields.getOrDefault("reason", ""),
        fields.getOrDefault("activity", ""),
        fields.getOrDefault("ready", "").equals("true"),
        number(fields.getOrDefault("pid", "")),
        fields.getOrDefault("started_at", ""),
        number(fields.getOrDefault("restarts", "")),
        fields.getOrDefault("last_exit", ""),
        fields.getOrDefault("adapter_present", "").equals("true"),
        number(fields.getOrDefault("generation", "")));
  }

  private static long number(String text) {
    return text.isEmpty() ? 0 : Long.parseLong(text);
  }
}
