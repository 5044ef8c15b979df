package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.api.DaemonException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A plan as a specification for runc and its like.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config.md">OCI runtime specification</a>
 */
final class OciSpec {
  private static final String VERSION = "1.0.2";
  private static final long PERIOD = 100_000;

  /** Unlimited, of getrlimit(2). */
  private static final long NO_LIMIT = -1;

  /** What Docker, Podman and containerd's own command leave to a container. */
  private static final List<String> CAPABILITIES =
      List.of(
          "CAP_CHOWN",
          "CAP_DAC_OVERRIDE",
          "CAP_FSETID",
          "CAP_FOWNER",
          "CAP_MKNOD",
          "CAP_NET_RAW",
          "CAP_SETGID",
          "CAP_SETUID",
          "CAP_SETFCAP",
          "CAP_SETPCAP",
          "CAP_NET_BIND_SERVICE",
          "CAP_SYS_CHROOT",
          "CAP_KILL",
          "CAP_AUDIT_WRITE");

  private static final List<String> MASKED =
      List.of(
          "/proc/acpi",
          "/proc/asound",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/proc/sched_debug",
          "/sys/firmware",
          "/proc/scsi");

  private static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private OciSpec() {}

  /**
   * @param user numbers of user and group
   */
  static byte[] of(ContainerPlan plan, ImageConfig image, UserNumbers user) throws DaemonException {
    Map<String, Object> spec = new LinkedHashMap<>();
    spec.put("ociVersion", VERSION);
    spec.put("process", process(plan, image, user));
    spec.put("root", Map.of("path", "rootfs", "readonly", plan.readOnly()));
    if (!plan.network().equals("host")) {
      spec.put("hostname", plan.name().length() > 63 ? plan.name().substring(0, 63) : plan.name());
    }
    spec.put("mounts", mounts(plan));
    spec.put("linux", linux(plan));
    return Json.write(spec).getBytes(java.nio.charset.StandardCharsets.UTF_8);
  }

  private static Map<String, Object> process(
      ContainerPlan plan, ImageConfig image, UserNumbers user) {
    Map<String, Object> process = new LinkedHashMap<>();
    List<String> args = new ArrayList<>();
    if (plan.entrypoint().isEmpty()) {
      args.addAll(image.entrypoint());
      args.addAll(plan.command().isEmpty() ? image.command() : plan.command());
    } else {
      args.addAll(plan.entrypoint());
      args.addAll(plan.command());
    }
    process.put("args", args);
    Map<String, String> env = new LinkedHashMap<>();
    image.env().forEach(e -> put(env, e));
    plan.env().forEach(e -> put(env, e));
    process.put("env", env.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList());
    process.put(
        "cwd",
        !plan.workingDir().isEmpty()
            ? plan.workingDir()
            : image.workingDir().isEmpty() ? "/" : image.workingDir());
    process.put(
        "user",
        Map.of("uid", user.user(), "gid", user.group(), "additionalGids", List.of(user.group())));
    List<String> capabilities = new ArrayList<>(plan.capabilities().orElse(CAPABILITIES));
    for (String added : plan.addedCapabilities()) {
      if (!capabilities.contains(added)) {
        capabilities.add(added);
      }
    }
    process.put(
        "capabilities",
        Map.of(
            "bounding", capabilities,
            "effective", capabilities,
            "permitted", capabilities));
    process.put("noNewPrivileges", plan.noNewPrivs());
    List<Map<String, Object>> rlimits = new ArrayList<>();
    if (plan.limits().openFiles() > 0) {
      rlimits.add(rlimit("RLIMIT_NOFILE", plan.limits().openFiles()));
    }
    if (plan.limits().lockMemory()) {
      rlimits.add(rlimit("RLIMIT_MEMLOCK", NO_LIMIT));
    }
    process.put("rlimits", rlimits);
    return process;
  }

  private static void put(Map<String, String> env, String assignment) {
    int equals = assignment.indexOf('=');
    if (equals > 0) {
      env.put(assignment.substring(0, equals), assignment.substring(equals + 1));
    }
  }

  private static Map<String, Object> rlimit(String type, long value) {
    // The specification has unsigned numbers: what is unlimited is the highest.
    Object number =
        value == NO_LIMIT ? new java.math.BigInteger("18446744073709551615") : (Object) value;
    return Map.of("type", type, "soft", number, "hard", number);
  }

  private static List<Map<String, Object>> mounts(ContainerPlan plan) {
    List<Map<String, Object>> all = new ArrayList<>();
    all.add(mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"));
    all.add(mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"));
    all.add(
        mount(
            "/dev/pts",
            "devpts",
            "devpts",
            "nosuid",
            "noexec",
            "newinstance",
            "ptmxmode=0666",
            "mode=0620",
            "gid=5"));
    all.add(
        mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
    all.add(mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"));
    all.add(mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"));
    if (plan.network().equals("host")) {
      // Without a network of its own it has no right to a sysfs of its own everywhere.
      for (String file : List.of("/etc/resolv.conf", "/etc/hosts")) {
        if (Files.exists(Path.of(file))) {
          all.add(mount(file, "bind", file, "rbind", "ro"));
        }
      }
    }
    for (ContainerPlan.Mount m : plan.mounts()) {
      String access = m.readOnly() ? "ro" : "rw";
      if (m.type() == ContainerPlan.MountType.TMPFS) {
        all.add(
            m.tmpfsBytes() > 0
                ? mount(
                    m.target(),
                    "tmpfs",
                    "tmpfs",
                    "nosuid",
                    "nodev",
                    access,
                    "size=" + m.tmpfsBytes())
                : mount(m.target(), "tmpfs", "tmpfs", "nosuid", "nodev", access));
      } else {
        all.add(mount(m.target(), "bind", m.source(), "rbind", access));
      }
    }
    return all;
  }

  private static Map<String, Object> mount(
      String target, String type, String source, String... options) {
    return Map.of(
        "destination", target, "type", type, "source", source, "options", List.of(options));
  }

  private static Map<String, Object> linux(ContainerPlan plan) throws DaemonException {
    Map<String, Object> linux = new LinkedHashMap<>();
    linux.put("resources", resources(plan.limits()));
    linux.put("cgroupsPath", "/duende/" + Identifier.of(plan.name()));
    List<Map<String, Object>> namespaces = new ArrayList<>();
    for (String type : List.of("pid", "ipc", "uts", "mount", "network")) {
      if (!type.equals("network") || !plan.network().equals("host")) {
        namespaces.add(Map.of("type", type));
      }
    }
    linux.put("namespaces", namespaces);
    linux.put("maskedPaths", MASKED);
    linux.put("readonlyPaths", READ_ONLY);
    if (!plan.seccomp().isEmpty() && !plan.seccomp().equals("unconfined")) {
      Object profile = Json.object(plan.seccomp(), "the seccomp profile").value();
      if (profile != null) {
        linux.put("seccomp", profile);
      }
    }
    return linux;
  }

  /** Limits as {@code linux.resources} has them; also for a change while it runs. */
  static Map<String, Object> resources(ContainerPlan.Limits limits) {
    Map<String, Object> resources = new LinkedHashMap<>();
    resources.put("devices", List.of(Map.of("allow", false, "access", "rwm")));
    Map<String, Object> memory = new LinkedHashMap<>();
    if (limits.memory() > 0) {
      memory.put("limit", limits.memory());
    }
    if (limits.memorySwap() > 0) {
      memory.put("swap", limits.memorySwap());
    }
    resources.put("memory", memory);
    Map<String, Object> cpu = new LinkedHashMap<>();
    if (limits.cpuShares() > 0) {
      cpu.put("shares", limits.cpuShares());
    }
    if (limits.cpuQuota() > 0) {
      cpu.put("quota", Math.round(limits.cpuQuota() * PERIOD / 100));
      cpu.put("period", PERIOD);
    }
    resources.put("cpu", cpu);
    if (limits.pids() > 0) {
      resources.put("pids", Map.of("limit", limits.pids()));
    }
    return resources;
  }
}
