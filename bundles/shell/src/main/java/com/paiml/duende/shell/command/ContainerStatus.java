package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.shell.text.Json;
import com.paiml.duende.shell.text.Sheet;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.time.Instant;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The container itself. */
@Component(service = ContainerStatus.class)
public final class ContainerStatus {
  private final BundleContext context;
  private final Supervision supervision;

  @Activate
  public ContainerStatus(BundleContext context, @Reference Supervision supervision) {
    this.context = context;
    this.supervision = supervision;
  }

  Sheet sheet() {
    Instant now = Instant.now();
    List<String> idle = idleBundles();
    return new Sheet()
        .title("Duende " + version(), "")
        .line("pid", Long.toString(ProcessHandle.current().pid()))
        .line("up", Human.since(started(), now))
        .line("data", property("duende.data"))
        .line("configuration", property("duende.etc"))
        .line("distribution", property("duende.home"))
        .line("Java", java())
        .line("heap", Human.bytes(heap().getHeapMemoryUsage().getUsed()))
        .line("bundles", Integer.toString(context.getBundles().length))
        .line("not started", String.join(", ", idle))
        .line("platforms", String.join(", ", platforms()))
        .line("daemons", daemons());
  }

  Json json() {
    return Json.object()
        .put("version", version())
        .put("pid", ProcessHandle.current().pid())
        .put("started_at", started())
        .put("data", property("duende.data"))
        .put("etc", property("duende.etc"))
        .put("home", property("duende.home"))
        .put("java", java())
        .put("heap_bytes", heap().getHeapMemoryUsage().getUsed())
        .put("bundles", context.getBundles().length)
        .put("bundles_not_started", idleBundles())
        .put("platforms", platforms())
        .put("daemons", supervision.find().map(ContainerStatus::count));
  }

  private String daemons() {
    return supervision
        .find()
        .map(
            manager -> {
              Map<String, Long> count = count(manager);
              return count.isEmpty()
                  ? "none"
                  : count.entrySet().stream()
                      .map(e -> e.getValue() + " " + e.getKey())
                      .collect(Collectors.joining(", "));
            })
        .orElse("not known: the manager is not running");
  }

  private static Map<String, Long> count(DaemonManager manager) {
    Map<State, Long> count = new EnumMap<>(State.class);
    for (DaemonInfo daemon : manager.list()) {
      Long _ = count.merge(daemon.status().state(), 1L, Long::sum);
    }
    Map<String, Long> words = new LinkedHashMap<>();
    count.forEach((state, number) -> words.put(Human.word(state), number));
    return words;
  }

  private List<String> platforms() {
    return supervision.find().map(DaemonManager::adapters).orElse(List.of()).stream()
        .filter(a -> a.fingerprint().present())
        .map(a -> a.platform() + (a.fingerprint().simulated() ? " (simulated)" : ""))
        .sorted()
        .toList();
  }

  private List<String> idleBundles() {
    return List.of(context.getBundles()).stream()
        .filter(
            b ->
                b.getState() != Bundle.ACTIVE
                    && b.getHeaders("").get(Constants.FRAGMENT_HOST) == null)
        .map(b -> Optional.ofNullable(b.getSymbolicName()).orElse(b.getLocation()))
        .toList();
  }

  private String version() {
    return context.getBundle().getVersion().toString();
  }

  private String property(String key) {
    return Optional.ofNullable(context.getProperty(key)).orElse("");
  }

  private static String java() {
    return System.getProperty("java.runtime.version", "")
        + ", "
        + System.getProperty("java.home", "");
  }

  private static MemoryMXBean heap() {
    return ManagementFactory.getMemoryMXBean();
  }

  private static Instant started() {
    return ProcessHandle.current()
        .info()
        .startInstant()
        .orElseGet(() -> Instant.ofEpochMilli(ManagementFactory.getRuntimeMXBean().getStartTime()));
  }
}
