package com.paiml.duende.manager.ways;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonListener;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A manager that only keeps the books: what is deployed, from where, and what was asked of it. */
final class PaperManager {
  /** Is removed by somebody between two questions about it. */
  volatile String vanishing = "";

  /** What is deployed. */
  record Entry(DaemonConfig config, DeployOptions options, DaemonStatus status) {}

  final Map<String, Entry> entries = new ConcurrentSkipListMap<>();
  final Map<String, GroupConfig> groups = new ConcurrentHashMap<>();
  final List<String> calls = new CopyOnWriteArrayList<>();
  final List<DaemonListener> listeners = new CopyOnWriteArrayList<>();
  volatile Optional<DaemonException> refusal = Optional.empty();

  /** As the service. */
  DaemonManager manager() {
    return (DaemonManager)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {DaemonManager.class},
            (proxy, method, a) ->
                switch (method.getName()) {
                  case "deploy" -> deploy((DaemonConfig) a[0], (DeployOptions) a[1]);
                  case "find" -> Optional.ofNullable(entries.get((String) a[0])).map(this::info);
                  case "config" -> entry((String) a[0]).config();
                  case "origin" -> {
                    if (a[0].equals(vanishing)) {
                      entries.remove((String) a[0]);
                    }
                    yield entry((String) a[0]).options().origin();
                  }
                  case "remove" -> remove((String) a[0]);
                  case "list" -> entries.values().stream().map(this::info).toList();
                  case "deployGroup" -> {
                    calls.add("group " + ((GroupConfig) a[0]).name());
                    groups.put(((GroupConfig) a[0]).name(), (GroupConfig) a[0]);
                    yield null;
                  }
                  case "removeGroup" -> {
                    calls.add("remove group " + a[0]);
                    groups.remove((String) a[0]);
                    yield null;
                  }
                  case "watch" -> {
                    listeners.add((DaemonListener) a[0]);
                    yield (DaemonManager.Subscription) () -> listeners.remove(a[0]);
                  }
                  case "toString" -> "paper manager";
                  default -> throw new UnsupportedOperationException(method.toString());
                });
  }

  List<String> taken() {
    List<String> taken = new ArrayList<>(calls);
    calls.clear();
    return taken;
  }

  private DaemonInfo deploy(DaemonConfig config, DeployOptions options) throws DaemonException {
    calls.add("deploy " + config.name() + (options.start() ? "" : " stopped"));
    if (refusal.isPresent()) {
      throw refusal.get();
    }
    if (!options.replace() && entries.containsKey(config.name())) {
      throw new DaemonException(ErrorCode.ALREADY_EXISTS, config.name(), "is there already", "");
    }
    Entry entry =
        new Entry(config, options, options.start() ? DaemonStatus.RUNNING : DaemonStatus.STOPPED);
    Entry before = entries.put(config.name(), entry);
    if (before == null || !before.config().equals(config)) {
      tell(new DaemonEvent.Deployed(source(config.name()), options.origin()));
    }
    return info(entry);
  }

  private Object remove(String name) throws DaemonException {
    calls.add("remove " + name);
    if (entries.remove(name) == null) {
      throw new DaemonException(ErrorCode.NOT_FOUND, name, "is not there", "");
    }
    tell(new DaemonEvent.Removed(source(name)));
    return null;
  }

  private DaemonEvent.Source source(String name) {
    return new DaemonEvent.Source(name, DaemonId.random(), Instant.now(), 1);
  }

  private void tell(DaemonEvent event) {
    listeners.forEach(l -> l.onEvent(event));
  }

  private Entry entry(String name) throws DaemonException {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new DaemonException(ErrorCode.NOT_FOUND, name, "is not there", "");
    }
    return entry;
  }

  private DaemonInfo info(Entry entry) {
    return new DaemonInfo(
        entry.config().name(),
        DaemonId.random(),
        "",
        "native",
        entry.status(),
        "",
        true,
        OptionalLong.empty(),
        Instant.now(),
        Optional.empty(),
        0,
        Optional.empty(),
        Optional.empty(),
        DaemonConfig.RestartBy.MANAGER,
        true,
        1);
  }
}
