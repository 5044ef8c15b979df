package com.paiml.duende.adapter.systemd;

import com.paiml.duende.spi.TableSchema;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The table {@code [systemd]} of a daemon file.
 *
 * @param scope which manager
 * @param install whether the unit is a file that stays, and is started with the machine
 * @param properties further properties of the unit by name
 */
record SystemdTable(String scope, boolean install, Map<String, Object> properties) {
  static final String SYSTEM = "system";
  static final String USER = "user";

  static final TableSchema SCHEMA =
      new TableSchema(
          SystemdAdapter.NAME,
          List.of(
              new TableSchema.Key(
                  "scope",
                  TableSchema.Type.STRING,
                  "",
                  Set.of(SYSTEM, USER, ""),
                  "The manager: `system`, or the `user`'s own. Nothing: the system's for root, the"
                      + " user's for others."),
              TableSchema.Key.of(
                  "install",
                  TableSchema.Type.BOOLEAN,
                  "false",
                  "Whether the unit is a file that stays and is started with the machine, as long"
                      + " as the daemon is there."),
              TableSchema.Key.of(
                  "properties",
                  TableSchema.Type.TABLE,
                  "",
                  "Further properties by their names on the bus, org.freedesktop.systemd1(5); times"
                      + " in microseconds.")));

  static SystemdTable of(Map<String, Object> table) {
    return new SystemdTable(
        String.valueOf(table.getOrDefault("scope", "")),
        Boolean.TRUE.equals(table.get("install")),
        properties(table.getOrDefault("properties", Map.of())));
  }

  private static Map<String, Object> properties(Object value) {
    Map<String, Object> all = new java.util.TreeMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((k, v) -> all.put(String.valueOf(k), v));
    }
    return all;
  }
}
