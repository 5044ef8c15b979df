package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Payload;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What can be asked of containers. */
final class Abilities {
  private static final Set<Capability> IMAGE =
      EnumSet.of(
          Capability.SIGNAL,
          Capability.KILL,
          Capability.PAUSE,
          Capability.RECOVER,
          Capability.EXEC,
          Capability.LOGS,
          Capability.USAGE,
          Capability.TRACE,
          Capability.USER,
          Capability.WORKING_DIR,
          Capability.LIMIT_MEMORY,
          Capability.LIMIT_MEMORY_SWAP,
          Capability.LIMIT_CPU_QUOTA,
          Capability.LIMIT_CPU_SHARES,
          Capability.LIMIT_PIDS,
          Capability.LIMIT_OPEN_FILES,
          Capability.LOCK_MEMORY,
          Capability.UPDATE_LIMITS,
          Capability.NO_NEW_PRIVS,
          Capability.CAPABILITIES,
          Capability.SYSCALL_FILTER,
          Capability.NETWORK_OFF);

  private static final Map<Capability, String> MISSING =
      Map.of(
          Capability.READINESS_NOTIFY,
          "sd_notify does not reach out of a container; use log, tcp, http or exec",
          Capability.READINESS_FD,
          "engines pass no descriptors on; use log, tcp, http or exec",
          Capability.WATCHDOG,
          "heartbeats do not reach out of a container; use health_check",
          Capability.LIMIT_IO,
          "engines limit single disks, by their paths; not built",
          Capability.LIMIT_NETWORK,
          "engines do not limit networks",
          Capability.LIMIT_DISK,
          "engines limit disk space with some storage drivers only; not built",
          Capability.PATHS,
          "[container] mounts says what it sees of the machine",
          Capability.UMASK,
          "engines set none; set it in the image's entry point");

  /** What an engine does by control groups. */
  private static final Set<Capability> BY_GROUP =
      EnumSet.of(
          Capability.PAUSE,
          Capability.USAGE,
          Capability.LIMIT_MEMORY,
          Capability.LIMIT_MEMORY_SWAP,
          Capability.LIMIT_CPU_QUOTA,
          Capability.LIMIT_CPU_SHARES,
          Capability.LIMIT_PIDS,
          Capability.UPDATE_LIMITS);

  /** What an engine does by limits of processes. */
  private static final Set<Capability> BY_ULIMIT =
      EnumSet.of(Capability.LIMIT_OPEN_FILES, Capability.LOCK_MEMORY);

  private static final String NO_ULIMITS =
      "rootless Podman takes limits of processes and ignores them; set them by default_ulimits in"
          + " its containers.conf, or use an engine of root's";

  static final String LIMITLESS = "a rootless engine has no control groups of version 1";
  static final String LIMITLESS_REMEDY = "use an engine of root's, or boot with version 2";

  private Abilities() {}

  /**
   * @param limits whether there is an engine that has control groups
   * @param ulimits whether there is one that sets the limits of processes
   */
  static Fingerprint fingerprint(
      String version,
      List<EngineKind> kinds,
      boolean limits,
      boolean ulimits,
      boolean classes,
      Map<String, String> details) {
    Set<Capability> able = EnumSet.copyOf(IMAGE);
    Map<Capability, String> missing = new EnumMap<>(Capability.class);
    missing.putAll(MISSING);
    if (!limits) {
      able.removeAll(BY_GROUP);
      BY_GROUP.forEach(c -> missing.put(c, LIMITLESS + "; " + LIMITLESS_REMEDY));
    }
    if (!ulimits) {
      able.removeAll(BY_ULIMIT);
      BY_ULIMIT.forEach(c -> missing.put(c, NO_ULIMITS));
    }
    boolean onlyContainerd = kinds.stream().allMatch(k -> k == EngineKind.CONTAINERD);
    if (onlyContainerd) {
      missing.put(Capability.HEALTH, "containerd makes no health checks; use exec, tcp or http");
      missing.put(
          Capability.RESTART_BY_PLATFORM,
          "containerd restarts nothing by itself; leave it to Duende");
    } else {
      able.add(Capability.HEALTH);
      able.add(Capability.RESTART_BY_PLATFORM);
    }
    Map<Payload.Kind, Set<Capability>> capabilities = new EnumMap<>(Payload.Kind.class);
    capabilities.put(Payload.Kind.IMAGE, able);
    if (classes) {
      Set<Capability> ofClasses = EnumSet.copyOf(able);
      ofClasses.add(Capability.HEALTH);
      ofClasses.add(Capability.WATCHDOG);
      capabilities.put(Payload.Kind.JAVA_CLASS, ofClasses);
    }
    return new Fingerprint(true, version, false, "", capabilities, missing, details);
  }

  /** What one engine can and another cannot; nothing of an engine that is not known yet. */
  static List<String> faults(DaemonConfig config, ContainerTable table) {
    return table.engine().map(kind -> faults(config, table, kind)).orElse(List.of());
  }

  /** What that engine cannot. */
  static List<String> faults(DaemonConfig config, ContainerTable table, EngineKind kind) {
    List<String> faults = new ArrayList<>();
    if (kind != EngineKind.CONTAINERD) {
      return faults;
    }
    if (table.mounts().stream().anyMatch(m -> m.type() == ContainerPlan.MountType.VOLUME)) {
      faults.add("[container] mounts: containerd has no volumes; write type=bind");
    }
    if (config.restartBy() == DaemonConfig.RestartBy.PLATFORM) {
      faults.add("restart_by: containerd restarts nothing by itself; write \"manager\"");
    }
    if (!table.ports().isEmpty()) {
      faults.add("[container] ports: containerd publishes none; write network = \"host\"");
    }
    if (!table.network().isEmpty()
        && !table.network().equals("none")
        && !table.network().equals("host")) {
      faults.add("[container] network: containerd has none or host; write one of them");
    }
    if (table.init()) {
      faults.add("[container] init: containerd brings none; use an image that has one");
    }
    if (Plans.health(config.healthCheck()).isPresent()) {
      faults.add("health_check.type: containerd makes no health checks; write \"exec\"");
    }
    return faults;
  }
}
