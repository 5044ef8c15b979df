package com.paiml.duende.observe.monitor;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonListener;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.UsageSample;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** The part of a manager that the monitor asks: the processes behind it are real. */
final class Daemons {
  private final Map<String, DaemonInfo> infos = new ConcurrentHashMap<>();
  private final Map<String, DaemonConfig> configs = new ConcurrentHashMap<>();
  private final Map<String, UsageSample> usages = new ConcurrentHashMap<>();
  private volatile DaemonListener listener = event -> {};
  final AtomicInteger asked = new AtomicInteger();

  /** How often it was asked of many at once, and the names of those that are said to have rested where their figures are known. */
  final AtomicInteger askedAtOnce = new AtomicInteger();

  final Set<String> resting = ConcurrentHashMap.newKeySet();
  final List<String> alerts = new CopyOnWriteArrayList<>();
  final List<Long> alertTimes = new CopyOnWriteArrayList<>();

  DaemonManager manager() {
    return (DaemonManager)
        Proxy.newProxyInstance(
            DaemonManager.class.getClassLoader(),
            new Class<?>[] {DaemonManager.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "watch" -> {
                    listener = (DaemonListener) args[0];
                    yield (DaemonManager.Subscription) () -> listener = event -> {};
                  }
                  case "count" -> infos.size();
                  case "list" -> List.copyOf(infos.values());
                  case "config" -> configs.get((String) args[0]);
                  case "usage" -> usage((String) args[0]);
                  case "unchanged" -> unchanged((List<?>) args[0], (List<?>) args[1]);
                  case "alert" -> {
                    alertTimes.add(System.nanoTime());
                    alerts.add(args[0] + " " + args[1] + ": " + args[2]);
                    yield null;
                  }
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  /** Any event: what it says does not matter to the monitor. */
  private void tell(String name, DaemonId id) {
    listener.onEvent(
        new DaemonEvent.Deployed(new DaemonEvent.Source(name, id, Instant.now(), 1), "a test"));
  }

  private UsageSample usage(String name) throws DaemonException {
    asked.incrementAndGet();
    UsageSample sample = usages.get(name);
    if (sample == null) {
      throw new DaemonException(ErrorCode.NOT_FOUND, name, "has no figures", "");
    }
    return sample;
  }

  private BitSet unchanged(List<?> names, List<?> known) {
    askedAtOnce.incrementAndGet();
    BitSet all = new BitSet();
    for (int i = 0; i < names.size(); i++) {
      UsageSample now = usages.get((String) names.get(i));
      boolean same = now != null && now.hasFiguresOf((UsageSample) known.get(i));
      all.set(i, same && resting.contains((String) names.get(i)));
    }
    return all;
  }

  void usage(String name, UsageSample sample) {
    usages.put(name, sample);
  }

  DaemonConfig.Builder config(String name) {
    return DaemonConfig.builder(name).what(new What.Program("/bin/true"));
  }

  void put(DaemonConfig config, String platform, OptionalLong pid, long generation) {
    configs.put(config.name(), config);
    infos.put(
        config.name(),
        new DaemonInfo(
            config.name(),
            DaemonId.random(),
            "1",
            platform,
            DaemonStatus.RUNNING,
            "",
            true,
            pid,
            Instant.now(),
            Optional.of(Instant.now()),
            0,
            Optional.empty(),
            Optional.empty(),
            DaemonConfig.RestartBy.MANAGER,
            true,
            generation));
    tell(config.name(), infos.get(config.name()).id());
  }

  void remove(String name) {
    DaemonInfo removed = infos.remove(name);
    tell(name, removed.id());
  }
}
