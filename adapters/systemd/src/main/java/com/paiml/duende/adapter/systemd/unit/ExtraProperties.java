package com.paiml.duende.adapter.systemd.unit;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** {@code [systemd] properties}: what a person asks of systemd directly, checked against what the running one knows. */
public final class ExtraProperties {
  private ExtraProperties() {}

  /**
   * The settings.
   *
   * @param types of the properties that the running systemd knows; empty: not known, so nothing is checked
   * @param ours names that the daemon file has keys for
   * @param faults takes what is wrong
   */
  public static List<Setting> of(
      Map<String, Object> properties,
      Map<String, String> types,
      int version,
      Set<String> ours,
      List<String> faults) {
    List<Setting> settings = new ArrayList<>();
    properties.forEach(
        (name, value) -> {
          String type = types.getOrDefault(name, "");
          String key = "[systemd] properties." + name + ": ";
          if (ours.contains(name)) {
            faults.add(key + "is set from other keys of the daemon file; write those");
          } else if (!types.isEmpty() && type.isEmpty()) {
            faults.add(
                key
                    + "systemd "
                    + version
                    + ", which runs here, knows no such property of services; "
                    + Newcomers.remedy(name));
          } else {
            convert(value, type)
                .ifPresentOrElse(
                    v -> settings.add(new Setting(name, v)),
                    () ->
                        faults.add(
                            key
                                + "a "
                                + value.getClass().getSimpleName()
                                + " is no value for it (its type on the bus is \""
                                + type
                                + "\")"));
          }
        });
    return settings;
  }

  private static java.util.Optional<Setting.Value> convert(Object value, String type) {
    return java.util.Optional.ofNullable(
        switch (type) {
          case "b" -> value instanceof Boolean on ? new Setting.Flag(on) : null;
          case "t" -> value instanceof Long n ? new Setting.Amount(n) : null;
          case "u" -> value instanceof Long n ? new Setting.Count(n.intValue()) : null;
          case "i" -> value instanceof Long n ? new Setting.ErrorNumber(n.intValue()) : null;
          case "s" -> value instanceof String s ? new Setting.Text(s) : null;
          case "as" -> value instanceof List<?> list ? words(list) : null;
          case "" -> value instanceof List<?> list ? words(list) : new Setting.Text(text(value));
          default -> null;
        });
  }

  private static String text(Object value) {
    return value instanceof Boolean on ? (on ? "yes" : "no") : String.valueOf(value);
  }

  private static Setting.Words words(List<?> list) {
    return new Setting.Words(list.stream().map(String::valueOf).collect(Collectors.toList()));
  }
}
