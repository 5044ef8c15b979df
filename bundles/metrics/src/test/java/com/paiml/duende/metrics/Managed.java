package com.paiml.duende.metrics;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.UsageSample;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** A manager that knows what it is told: for what a real one cannot be made to do, and for exact figures. */
public final class Managed {
  public static final UsageSample USAGE =
      new UsageSample(Instant.EPOCH, 1_500_000_000L, 4096, 2, 3, 4, 5, 6, -1, -1, 7, 8, 9, 0);

  public final Map<String, DaemonMetrics> daemons = new TreeMap<>();
  public final AtomicInteger lists = new AtomicInteger();
  public volatile long generation = 1;

  public DaemonMetrics with(String name) {
    return daemons.computeIfAbsent(name, n -> new DaemonMetrics());
  }

  public List<DaemonInfo> infos() {
    List<DaemonInfo> infos = new ArrayList<>();
    daemons.keySet().forEach(name -> infos.add(info(name)));
    return infos;
  }

  private DaemonInfo info(String name) {
    return new DaemonInfo(
        name,
        DaemonId.random(),
        "1",
        "native",
        DaemonStatus.RUNNING,
        "",
        true,
        OptionalLong.of(1),
        Instant.now(),
        Optional.of(Instant.now().minusSeconds(60)),
        2,
        Optional.empty(),
        Optional.empty(),
        DaemonConfig.RestartBy.MANAGER,
        true,
        generation);
  }

  public DaemonManager manager() {
    return (DaemonManager)
        Proxy.newProxyInstance(
            DaemonManager.class.getClassLoader(),
            new Class<?>[] {DaemonManager.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "list" -> {
                    lists.incrementAndGet();
                    yield infos();
                  }
                  case "metrics" -> Optional.of(daemons.get(arguments[0]).snapshot());
                  case "usage" -> USAGE;
                  case "adapters" -> List.of();
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }
}
