package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Sizes;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** The parameters of a fault, read with their types. What nobody knows is refused. */
final class Parameters {
  private final String fault;
  private final Map<String, String> values;

  Parameters(String fault, Map<String, String> values) {
    this.fault = fault;
    this.values = Map.copyOf(values);
  }

  /** Refuses every key but these. */
  void only(String... known) throws DaemonException {
    Set<String> unknown = new TreeSet<>(values.keySet());
    unknown.removeAll(Set.of(known));
    if (!unknown.isEmpty()) {
      throw wrong(
          String.join(", ", unknown),
          "is no parameter of it",
          known.length == 0 ? "it has none" : "say one of " + String.join(", ", known));
    }
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key));
  }

  String needed(String key, String example) throws DaemonException {
    String value = values.get(key);
    if (value == null || value.isBlank()) {
      throw wrong(key, "is missing", "say " + key + "=" + example);
    }
    return value;
  }

  int number(String key, int absent, int least, int most) throws DaemonException {
    String value = values.get(key);
    if (value == null) {
      return absent;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong(key, "\"" + value + "\" is not a whole number", "say " + key + "=" + least);
    }
    throw wrong(key, value + " is not between " + least + " and " + most, "say another");
  }

  /** A fraction, {@code 0.05} or {@code 5%}. */
  double fraction(String key, double absent) throws DaemonException {
    String value = values.get(key);
    if (value == null) {
      return absent;
    }
    try {
      boolean percent = value.endsWith("%");
      double number =
          Double.parseDouble(percent ? value.substring(0, value.length() - 1) : value)
              / (percent ? 100 : 1);
      if (number >= 0 && number <= 1) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong(key, "\"" + value + "\" is not a fraction", "say " + key + "=0.05, or 5%");
    }
    throw wrong(key, value + " is not between 0 and 1", "say " + key + "=0.05, or 5%");
  }

  Duration duration(String key, Duration absent) throws DaemonException {
    String value = values.get(key);
    if (value == null) {
      return absent;
    }
    return Durations.parse(value)
        .filter(d -> !d.isNegative())
        .orElseThrow(
            () -> wrong(key, "\"" + value + "\" is not a duration", "say " + key + "=250ms"));
  }

  long size(String key, long absent) throws DaemonException {
    String value = values.get(key);
    if (value == null) {
      return absent;
    }
    return Sizes.parse(value)
        .orElseThrow(() -> wrong(key, "\"" + value + "\" is not a size", "say " + key + "=64MiB"));
  }

  DaemonException wrong(String key, String problem, String remedy) {
    return new DaemonException(
        ErrorCode.CONFIGURATION, "chaos " + fault + ", " + key, problem, remedy);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    new java.util.TreeMap<>(values)
        .forEach((k, v) -> text.append(text.isEmpty() ? "" : " ").append(k + "=" + v));
    return text.toString();
  }
}
