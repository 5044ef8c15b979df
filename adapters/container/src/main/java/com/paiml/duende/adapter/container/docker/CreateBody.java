package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A plan as the body of {@code POST /containers/create}.
 *
 * @see <a href="https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerCreate">Docker
 *     Engine API</a>
 */
final class CreateBody {
  private static final long PERIOD = 100_000;
  private static final long NO_LIMIT = -1;
  private static final String MAX_PROCESSES = "Max processes";

  private CreateBody() {}

  static Map<String, Object> of(ContainerPlan plan, boolean podman, String seccomp) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("Image", plan.image());
    if (!plan.entrypoint().isEmpty()) {
      body.put("Entrypoint", plan.entrypoint());
    }
    if (!plan.command().isEmpty() || !plan.entrypoint().isEmpty()) {
      body.put("Cmd", plan.command());
    }
    body.put("Env", plan.env());
    body.put("Labels", plan.labels());
    body.put("WorkingDir", plan.workingDir());
    body.put("User", plan.user());
    body.put("StopSignal", Integer.toString(plan.stopSignal()));
    body.put("StopTimeout", (int) Math.min(Integer.MAX_VALUE, plan.stopTimeout().toSeconds()));
    plan.health().ifPresent(h -> body.put("Healthcheck", health(h)));
    Map<String, Map<String, Object>> exposed = new LinkedHashMap<>();
    plan.ports().forEach(p -> exposed.put(p.containerPort() + "/" + p.protocol(), Map.of()));
    body.put("ExposedPorts", exposed);
    body.put("HostConfig", hostConfig(plan, podman, seccomp));
    return body;
  }

  private static Map<String, Object> hostConfig(
      ContainerPlan plan, boolean podman, String seccomp) {
    Map<String, Object> host = new LinkedHashMap<>();
    host.put("NetworkMode", plan.network());
    limits(plan.limits(), host, podman);
    plan.capabilities()
        .ifPresent(
            only -> {
              host.put("CapDrop", List.of("ALL"));
              host.put("CapAdd", only);
            });
    if (plan.capabilities().isEmpty()) {
      host.put("CapAdd", plan.addedCapabilities());
    }
    List<String> security = new ArrayList<>();
    if (plan.noNewPrivs()) {
      security.add("no-new-privileges");
    }
    if (!seccomp.isEmpty()) {
      security.add("seccomp=" + seccomp);
    }
    host.put("SecurityOpt", security);
    host.put("ReadonlyRootfs", plan.readOnly());
    host.put("Init", plan.init());
    host.put(
        "RestartPolicy",
        Map.of("Name", plan.restart().policy(), "MaximumRetryCount", plan.restart().retries()));
    host.put("Mounts", plan.mounts().stream().map(CreateBody::mount).toList());
    Map<String, List<Map<String, String>>> bindings = new LinkedHashMap<>();
    for (ContainerPlan.Port port : plan.ports()) {
      bindings
          .computeIfAbsent(port.containerPort() + "/" + port.protocol(), k -> new ArrayList<>())
          .add(
              Map.of(
                  "HostIp",
                  port.hostAddress(),
                  "HostPort",
                  port.hostPort() == 0 ? "" : Integer.toString(port.hostPort())));
    }
    host.put("PortBindings", bindings);
    host.put("LogConfig", log(plan.log(), podman));
    return host;
  }

  static void limits(ContainerPlan.Limits limits, Map<String, Object> host, boolean podman) {
    if (limits.memory() > 0) {
      host.put("Memory", limits.memory());
    }
    if (limits.memorySwap() > 0) {
      host.put("MemorySwap", limits.memorySwap());
    }
    if (limits.cpuQuota() > 0) {
      host.put("CpuPeriod", PERIOD);
      host.put("CpuQuota", Math.round(limits.cpuQuota() * PERIOD / 100));
    }
    if (limits.cpuShares() > 0) {
      host.put("CpuShares", limits.cpuShares());
    }
    if (limits.pids() > 0) {
      host.put("PidsLimit", limits.pids());
    }
    List<Map<String, Object>> ulimits = new ArrayList<>();
    if (limits.openFiles() > 0) {
      ulimits.add(ulimit("nofile", limits.openFiles()));
    }
    if (limits.lockMemory()) {
      ulimits.add(ulimit("memlock", NO_LIMIT));
    }
    if (podman) {
      // Podman would ask for 1048576 processes, and fails where nobody may raise that limit.
      processes().ifPresent(most -> ulimits.add(ulimit("nproc", most)));
    }
    if (!ulimits.isEmpty()) {
      host.put("Ulimits", ulimits);
    }
  }

  private static Map<String, Object> ulimit(String name, long value) {
    return Map.of("Name", name, "Soft", value, "Hard", value);
  }

  /** As many as this process may have at most; nowhere more than the kernel has numbers for. */
  private static Optional<Long> processes() {
    try {
      long most = Long.parseLong(Files.readString(Path.of("/proc/sys/kernel/pid_max")).strip());
      for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
        if (line.startsWith(MAX_PROCESSES)) {
          String[] field = line.substring(MAX_PROCESSES.length()).strip().split("\\s+", -1);
          boolean limited = field.length > 1 && field[1].matches("\\d{1,18}");
          return Optional.of(limited ? Math.min(most, Long.parseLong(field[1])) : most);
        }
      }
      return Optional.of(most);
    } catch (IOException e) {
      // Not Linux: then the engine's machine is another one, and its default is right.
      return Optional.empty();
    }
  }

  private static Map<String, Object> health(ContainerPlan.Health h) {
    List<String> test = new ArrayList<>();
    test.add("CMD");
    test.addAll(h.command());
    Map<String, Object> health = new LinkedHashMap<>();
    health.put("Test", test);
    health.put("Interval", nanos(h.interval()));
    health.put("Timeout", nanos(h.timeout()));
    health.put("Retries", h.retries());
    health.put("StartPeriod", h.startPeriod().isZero() ? 0 : nanos(h.startPeriod()));
    return health;
  }

  /** The engine takes nothing below a millisecond. */
  private static long nanos(Duration time) {
    return Math.max(1_000_000, time.toNanos());
  }

  private static Map<String, Object> mount(ContainerPlan.Mount m) {
    Map<String, Object> mount = new LinkedHashMap<>();
    mount.put("Type", m.type().name().toLowerCase(java.util.Locale.ROOT));
    mount.put("Target", m.target());
    if (!m.source().isEmpty()) {
      mount.put("Source", m.source());
    }
    mount.put("ReadOnly", m.readOnly());
    if (m.tmpfsBytes() > 0) {
      mount.put("TmpfsOptions", Map.of("SizeBytes", m.tmpfsBytes()));
    }
    return mount;
  }

  private static Map<String, Object> log(ContainerPlan.Log log, boolean podman) {
    if (podman) {
      // Podman has one file and begins it anew when it is full: it gets all the room there is.
      return Map.of(
          "Type",
          "k8s-file",
          "Config",
          Map.of("max-size", Long.toString(log.maxSize() * (log.keep() + 1L))));
    }
    return Map.of(
        "Type",
        "json-file",
        "Config",
        Map.of(
            "max-size",
            Long.toString(log.maxSize()),
            "max-file",
            Integer.toString(log.keep() + 1)));
  }
}
