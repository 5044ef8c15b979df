package com.paiml.duende.manager.journal;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A daemon as it was deployed.
 *
 * @param config its configuration
 * @param origin where that came from
 * @param ids of its instances, by name, in order
 * @param wishes whether each instance is to run
 */
public record Deployment(
    DaemonConfig config, String origin, Map<String, DaemonId> ids, Map<String, Boolean> wishes) {
  public Deployment {
    ids = Collections.unmodifiableMap(new LinkedHashMap<>(ids));
    wishes = Map.copyOf(wishes);
  }

  public String name() {
    return config.name();
  }
}
