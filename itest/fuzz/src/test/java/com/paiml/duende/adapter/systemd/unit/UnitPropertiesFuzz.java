package com.paiml.duende.adapter.systemd.unit;

import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Properties of units, as the bus and systemctl tell them. */
public final class UnitPropertiesFuzz {
  private static final DaemonConfig CONFIG =
      DaemonConfig.builder("x").what(new What.Program("/bin/true")).build();

  private UnitPropertiesFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    Map<String, String> properties = new HashMap<>();
    for (String line : new String(input, StandardCharsets.UTF_8).split("\n", -1)) {
      int equals = line.indexOf('=');
      if (equals > 0) {
        properties.put(line.substring(0, equals), line.substring(equals + 1));
      }
    }
    UnitState state = UnitState.NONE.with(properties);
    if (Exits.of(state, CONFIG, state.isOver()).describe().isEmpty()) {
      throw new AssertionError("an end without a word: " + state);
    }
    var _ = state.isLoaded() && state.hasRun();
  }
}
