package com.paiml.duende.adapter.container;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.cgroup.Cgroup;
import com.paiml.duende.linux.cgroup.Cgroups;
import com.paiml.duende.linux.cgroup.InForce;
import com.paiml.duende.linux.cgroup.Setting;
import com.paiml.duende.linux.cgroup.Usage;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.proc.ProcessStatus;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.UsageSample;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the kernel of this machine says of a container's processes: it knows better than the engine. */
final class Kernel implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Kernel.class.getName());

  /** The numbers of capabilities(7) and linux/capability.h. */
  private static final int CAP_IPC_LOCK = 14;

  private static final long PAGE = 4096;

  private final Optional<Linux> linux;
  private @Nullable Cgroups cgroups;
  private @Nullable EventLoop loop;

  Kernel() {
    linux = Linux.detect() instanceof Linux.Here(Linux here) ? Optional.of(here) : Optional.empty();
  }

  Optional<Linux> linux() {
    return linux;
  }

  /** The control group of a container; empty where its engine has left it in the group of others, whose limits and use are not its own. */
  private synchronized Optional<Cgroup> group(long pid, String container) throws LinuxException {
    if (linux.isEmpty() || pid <= 0) {
      return Optional.empty();
    }
    Cgroups known = cgroups;
    if (known == null) {
      known = linux.get().cgroups();
      cgroups = known;
    }
    return known
        .of((int) pid)
        .filter(g -> g.folders().stream().anyMatch(f -> f.toString().contains(container)));
  }

  /** Reads back what is in force for the container whose first process this is. */
  List<LimitReport> limits(long pid, String container, DaemonConfig config, Resources resources) {
    List<LimitReport> all = new ArrayList<>();
    Optional<Cgroup> group;
    String why = "no control group of the container's own can be seen from here";
    try {
      group = group(pid, container);
    } catch (LinuxException e) {
      group = Optional.empty();
      why = e.getMessage();
    }
    long swap = Plans.limits(config, false).memorySwap();
    long both = resources.equals(config.resources()) ? swap : resources.memorySwap();
    all.add(memory("resources.memory", resources.memory(), group, why));
    all.add(together(both, group, why));
    all.add(quota(resources, group, why));
    all.add(shares(resources, group, why));
    all.add(pids(resources, group, why));
    all.add(openFiles(pid, resources));
    status(pid).ifPresent(s -> sandbox(all, pid, s, config));
    return all;
  }

  private static LimitReport memory(String key, long asked, Optional<Cgroup> group, String why) {
    return report(
        key,
        Long.toString(asked),
        group,
        new Setting.Memory(asked),
        values -> number(values.getFirst()).orElse(-1) == asked / PAGE * PAGE,
        why);
  }

  private static LimitReport together(long both, Optional<Cgroup> group, String why) {
    return report(
        "resources.memory_swap",
        Long.toString(both),
        group,
        new Setting.MemoryAndSwap(both),
        values -> {
          long first = number(values.getFirst()).orElse(-1);
          // Version 2 has memory and swap apart.
          return values.size() == 1
              ? first == both / PAGE * PAGE
              : first + number(values.getLast()).orElse(Long.MIN_VALUE / 2) == both / PAGE * PAGE;
        },
        why);
  }

  private static LimitReport quota(Resources resources, Optional<Cgroup> group, String why) {
    Setting.CpuQuota asked = Setting.CpuQuota.percent(resources.cpuQuota());
    return report(
        "resources.cpu_quota",
        String.format(Locale.ROOT, "%.1f", resources.cpuQuota()),
        group,
        asked,
        values ->
            String.join(" ", values).replaceAll("\\s+", " ").startsWith(asked.quotaMicros() + " ")
                || values.contains(Long.toString(asked.quotaMicros())),
        why);
  }

  private static LimitReport shares(Resources resources, Optional<Cgroup> group, String why) {
    return report(
        "resources.cpu_shares",
        Long.toString(resources.cpuShares()),
        group,
        new Setting.CpuShares(resources.cpuShares()),
        values -> number(values.getFirst()).isPresent(),
        why);
  }

  private static LimitReport pids(Resources resources, Optional<Cgroup> group, String why) {
    return report(
        "resources.pids",
        Long.toString(resources.pids()),
        group,
        new Setting.Pids(resources.pids()),
        values -> number(values.getFirst()).orElse(-1) == resources.pids(),
        why);
  }

  private interface Judge {
    boolean holds(List<String> values);
  }

  private static LimitReport report(
      String key, String asked, Optional<Cgroup> group, Setting setting, Judge judge, String why) {
    if (group.isEmpty()) {
      return new LimitReport(key, asked, "", "", false, why);
    }
    try {
      List<InForce> read = group.get().read(setting);
      List<String> values = read.stream().map(InForce::value).toList();
      boolean holds = judge.holds(values);
      return new LimitReport(
          key,
          asked,
          String.join(" ", values),
          read.stream().map(InForce::file).map(Path::toString).collect(Collectors.joining(" ")),
          holds,
          holds ? "" : "the kernel has another value");
    } catch (LinuxException e) {
      return new LimitReport(key, asked, "", "", false, e.getMessage());
    }
  }

  private static OptionalLong number(String value) {
    return value.matches("\\d{1,18}")
        ? OptionalLong.of(Long.parseLong(value))
        : OptionalLong.empty();
  }

  private LimitReport openFiles(long pid, Resources resources) {
    String key = "resources.open_files";
    String asked = Long.toString(resources.openFiles());
    Optional<String> soft = softLimit(pid, "Max open files");
    if (soft.isEmpty()) {
      return new LimitReport(key, asked, "", "", false, "its process cannot be seen from here");
    }
    boolean holds = soft.get().equals(asked);
    return new LimitReport(
        key,
        asked,
        soft.get(),
        "RLIMIT_NOFILE",
        holds,
        holds
            ? ""
            : "its engine has set another one; engines do so when a container starts, and rootless"
                + " Podman sets its own always");
  }

  /** The limit in force, in the words of /proc/PID/limits of proc(5), which everybody may read; empty when the process cannot be seen. */
  private Optional<String> softLimit(long pid, String name) {
    if (linux.isEmpty() || pid <= 0) {
      return Optional.empty();
    }
    try {
      return linux.get().proc().file((int) pid, "limits").stream()
          .flatMap(String::lines)
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(name.length()).strip().split("\\s+", 2)[0])
          .findFirst();
    } catch (LinuxException e) {
      return Optional.empty();
    }
  }

  private Optional<ProcessStatus> status(long pid) {
    try {
      return linux.isEmpty() || pid <= 0 ? Optional.empty() : linux.get().proc().status((int) pid);
    } catch (LinuxException e) {
      return Optional.empty();
    }
  }

  private void sandbox(List<LimitReport> all, long pid, ProcessStatus status, DaemonConfig config) {
    String file = "/proc/" + pid + "/status";
    if (config.sandbox().noNewPrivs()) {
      field(all, "sandbox.no_new_privs", "true", status, "NoNewPrivs", "1", file);
    }
    if (config.sandbox().syscalls().isPresent()) {
      field(all, "sandbox.syscalls", "filtered", status, "Seccomp", "2", file);
    }
    config
        .sandbox()
        .capabilities()
        .ifPresent(
            only ->
                all.add(
                    new LimitReport(
                        "sandbox.capabilities",
                        String.join(" ", only),
                        status.field("CapBnd").orElse(""),
                        file + " CapBnd",
                        status.field("CapBnd").isPresent(),
                        "")));
    if (config.resources().lockMemory()) {
      all.add(lockMemory(pid, status));
    }
  }

  private static void field(
      List<LimitReport> all,
      String key,
      String asked,
      ProcessStatus status,
      String name,
      String expected,
      String file) {
    String actual = status.field(name).orElse("");
    boolean holds = actual.equals(expected);
    all.add(
        new LimitReport(
            key,
            asked,
            actual,
            file + " " + name,
            holds,
            holds ? "" : "the kernel says otherwise"));
  }

  /** Locking takes the capability or a limit that is high enough; an engine may give either. */
  private LimitReport lockMemory(long pid, ProcessStatus status) {
    String limit = softLimit(pid, "Max locked memory").orElse("unknown");
    boolean capable =
        (status.mask("CapBnd").orElse(0) & (1L << CAP_IPC_LOCK)) != 0 && isOfThisMachine(pid);
    boolean holds = capable || limit.equals("unlimited");
    return new LimitReport(
        "resources.lock_memory",
        "true",
        "memlock " + limit + (capable ? ", CAP_IPC_LOCK" : ""),
        "RLIMIT_MEMLOCK, CAP_IPC_LOCK",
        holds,
        holds ? "" : "neither the capability nor the limit could be had");
  }

  /** A capability of a user namespace below the first lets nobody lock memory: whether the process is in the first, user_namespaces(7). */
  private boolean isOfThisMachine(long pid) {
    try {
      return linux.orElseThrow().proc().file((int) pid, "uid_map").stream()
          .anyMatch(map -> map.strip().matches("0\\s+0\\s+4294967295"));
    } catch (LinuxException e) {
      return false;
    }
  }

  /** What the container uses; empty when it cannot be seen from here. */
  Optional<UsageSample> usage(long pid, String container) {
    try {
      Optional<Cgroup> group = group(pid, container);
      if (group.isEmpty()) {
        return Optional.empty();
      }
      Usage usage = group.get().usage();
      List<Integer> processes = group.get().processes();
      long[] net = network(pid);
      return Optional.of(
          new UsageSample(
              Instant.now(),
              value(usage.cpuNanos()),
              value(usage.memoryBytes()),
              processes.size(),
              value(usage.processes()),
              UsageSample.UNKNOWN,
              value(usage.ioReadBytes()),
              value(usage.ioWrittenBytes()),
              net[0],
              net[1],
              UsageSample.UNKNOWN,
              UsageSample.UNKNOWN,
              UsageSample.UNKNOWN,
              value(usage.outOfMemoryKills())));
    } catch (LinuxException e) {
      return Optional.empty();
    }
  }

  private static long value(OptionalLong figure) {
    return figure.orElse(UsageSample.UNKNOWN);
  }

  /** All interfaces of its network but the loopback, /proc/PID/net/dev of proc(5). */
  private long[] network(long pid) throws LinuxException {
    Optional<String> dev = linux.orElseThrow().proc().file((int) pid, "net/dev");
    if (dev.isEmpty()) {
      return new long[] {UsageSample.UNKNOWN, UsageSample.UNKNOWN};
    }
    long received = 0;
    long sent = 0;
    for (String line : dev.get().lines().toList()) {
      int colon = line.indexOf(':');
      if (colon < 0 || line.substring(0, colon).strip().equals("lo")) {
        continue;
      }
      String[] field = line.substring(colon + 1).strip().split("\\s+", -1);
      received += Long.parseLong(field[0]);
      sent += Long.parseLong(field[8]);
    }
    return new long[] {received, sent};
  }

  /** The path of the container's group, for people and tracers; empty when it cannot be seen. */
  String path(long pid, String container) {
    try {
      return group(pid, container).map(g -> g.folders().getFirst().toString()).orElse("");
    } catch (LinuxException e) {
      return "";
    }
  }

  /** Hears of kills for want of memory, where the engine does not tell of them; empty when it cannot be heard. */
  synchronized Optional<AutoCloseable> onOutOfMemory(long pid, String container, Runnable then) {
    try {
      Optional<Cgroup> group = group(pid, container);
      if (group.isEmpty()) {
        return Optional.empty();
      }
      Cgroup watched = group.get();
      Watch watch = watched.onOutOfMemory(loop(), () -> tell(watched, then));
      // What takes its memory at once may have been killed before anybody listened.
      if (watched.usage().outOfMemoryKills().orElse(0) > 0) {
        then.run();
      }
      return Optional.of(watch);
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.DEBUG, "kills for memory are not heard of: {0}", e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Hears how a container's first process ended, whatever becomes of its engine and of what the engine has beside it; empty
   * when no process here is known to be that one.
   */
  synchronized Optional<AutoCloseable> onEnd(
      long pid, String container, Consumer<ExitStatus> then) {
    try {
      if (group(pid, container).isEmpty()) {
        return Optional.empty();
      }
      Pidfd process = linux.orElseThrow().processes().open((int) pid);
      try {
        // Asked again: the pid may have come to mean another process before it was held.
        if (group(pid, container).isEmpty()) {
          process.close();
          return Optional.empty();
        }
        Watch watch = linux.get().processes().onExit(loop(), process, then);
        return Optional.of(
            () -> {
              watch.close();
              process.close();
            });
      } catch (LinuxException e) {
        process.close();
        throw e;
      }
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.DEBUG, "an end is not heard of: {0}", e.getMessage());
      return Optional.empty();
    }
  }

  /** The one thread for all that is heard of; there since the first container. */
  private EventLoop loop() throws LinuxException {
    EventLoop events = loop;
    if (events == null) {
      events =
          linux
              .orElseThrow()
              .eventLoop(
                  "duende-container-kernel",
                  (what, fault) -> LOG.log(System.Logger.Level.WARNING, what, fault));
      loop = events;
    }
    return events;
  }

  /** Version 1 also calls when the group goes, and before it counts the kill: whether the group is there tells the two. */
  private static void tell(Cgroup group, Runnable then) {
    try {
      if (group.usage().outOfMemoryKills().isPresent()) {
        then.run();
      }
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.DEBUG, "a control group is gone: {0}", e.getMessage());
    }
  }

  @Override
  public synchronized void close() {
    EventLoop events = loop;
    if (events != null) {
      events.close();
    }
  }
}
