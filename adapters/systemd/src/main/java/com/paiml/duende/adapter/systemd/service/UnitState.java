package com.paiml.duende.adapter.systemd.service;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * A unit as the service manager last told of it: properties by name, org.freedesktop.systemd1(5), as {@code systemctl show}
 * words them.
 *
 * @param properties those of {@link #UNIT} and {@link #SERVICE} that are known
 */
public record UnitState(Map<String, String> properties) {
  /** What is kept of the interface of units. */
  public static final Set<String> UNIT =
      Set.of(
          "LoadState",
          "ActiveState",
          "SubState",
          "Description",
          "InvocationID",
          "FreezerState",
          "FragmentPath",
          "Transient",
          "InactiveEnterTimestampMonotonic");

  /** What is kept of the interface of services. */
  public static final Set<String> SERVICE =
      Set.of(
          "MainPID",
          "ControlGroup",
          "Result",
          "ExecMainPID",
          "ExecMainCode",
          "ExecMainStatus",
          "ExecMainExitTimestampMonotonic",
          "StatusText",
          "StatusErrno",
          "NRestarts");

  /** The number of the job that waits or runs for it, 0 for none. Only what was looked at has it, not what was told. */
  public static final String JOB = "Job";

  public static final UnitState NONE = new UnitState(Map.of());

  public UnitState {
    properties = Map.copyOf(properties);
  }

  /** This state with what has changed. Of many units much is the same: what can be shared is. */
  public UnitState with(Map<String, String> changed) {
    if (changed.entrySet().stream()
        .allMatch(c -> c.getValue().equals(properties.get(c.getKey())))) {
      return this;
    }
    if (changed.keySet().containsAll(properties.keySet())) {
      return new UnitState(changed);
    }
    Map<String, String> all = new HashMap<>(properties);
    all.putAll(changed);
    return new UnitState(all);
  }

  public String text(String property) {
    return properties.getOrDefault(property, "");
  }

  /** A number; 0 when it is not known. */
  public long number(String property) {
    String text = text(property);
    return text.matches("-?[0-9]{1,18}") ? Long.parseLong(text) : 0;
  }

  /** Whether the manager has it in memory. */
  public boolean isLoaded() {
    return !text("LoadState").isEmpty() && !text("LoadState").equals("not-found");
  }

  /** Whether nothing of it runs and nothing is on its way. */
  public boolean isOver() {
    String active = text("ActiveState");
    return active.equals("inactive") || active.equals("failed");
  }

  /** Whether it is over, and no job that was there when it was looked at would start it. */
  public boolean isOverForGood() {
    return isOver() && number(JOB) == 0;
  }

  /** Whether a main process was ever started. */
  public boolean hasRun() {
    return number("ExecMainPID") != 0;
  }

  /** Its run: a new one at every start, 32 hexadecimal digits. */
  public String invocation() {
    return text("InvocationID");
  }
}
