package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.manager.journal.Deployment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What was deployed under one name. Changed under the engine's lock, read by anybody. */
final class Unit {
  final boolean recorded;
  volatile DaemonConfig config;
  volatile String origin;
  volatile List<Supervisor> daemons;
  volatile @Nullable CompletableFuture<Void> removal;

  Unit(DaemonConfig config, String origin, boolean recorded, List<Supervisor> daemons) {
    this.config = config;
    this.origin = origin;
    this.recorded = recorded;
    this.daemons = List.copyOf(daemons);
  }

  String name() {
    return config.name();
  }

  /** The names of a configuration's instances. */
  static List<String> names(DaemonConfig config) {
    return config.instances() == 1
        ? List.of(config.name())
        : IntStream.rangeClosed(1, config.instances())
            .mapToObj(i -> config.name() + "." + i)
            .toList();
  }

  /** As it is to be recorded. */
  Deployment deployment(Map<String, Boolean> wishes) {
    Map<String, DaemonId> ids = new LinkedHashMap<>();
    daemons.forEach(d -> ids.put(d.name(), d.id()));
    return new Deployment(config, origin, ids, wishes);
  }
}
