package com.paiml.duende.adapter.launchd;

import com.paiml.duende.spi.TableSchema;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The table {@code [launchd]} of a daemon file.
 *
 * @param domain gui, user or system
 */
record LaunchdTable(String domain) {
  static final String SYSTEM = "system";

  static final TableSchema SCHEMA =
      new TableSchema(
          LaunchdAdapter.NAME,
          List.of(
              new TableSchema.Key(
                  "domain",
                  TableSchema.Type.STRING,
                  "gui",
                  Set.of("gui", "user", SYSTEM),
                  "where the job lives: gui, with the user's session; user, also without one (by"
                      + " ssh); system, with the machine, for root only")));

  static LaunchdTable of(Map<String, Object> table) {
    return new LaunchdTable(String.valueOf(table.getOrDefault("domain", "gui")));
  }

  boolean isSystem() {
    return domain.equals(SYSTEM);
  }

  /** As launchctl writes it. */
  String target(long uid) {
    return isSystem() ? SYSTEM : domain + "/" + uid;
  }
}
