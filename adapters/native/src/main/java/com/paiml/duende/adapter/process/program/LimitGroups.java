package com.paiml.duende.adapter.process.program;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Resources;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.cgroup.Cgroup;
import com.paiml.duende.linux.cgroup.Cgroups;
import com.paiml.duende.linux.cgroup.Controller;
import com.paiml.duende.linux.cgroup.Placement;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** The control groups of this adapter's runs: {@code duende-INSTANCE/NAME} in each hierarchy that has a controller. */
final class LimitGroups {
  private static final Logger LOGGER = System.getLogger(LimitGroups.class.getName());
  private static final Duration REMOVAL = Duration.ofSeconds(2);

  private static final Map<Capability, Controller> NEEDS =
      Map.of(
          Capability.LIMIT_MEMORY, Controller.MEMORY,
          Capability.LIMIT_MEMORY_SWAP, Controller.MEMORY,
          Capability.LIMIT_CPU_QUOTA, Controller.CPU,
          Capability.LIMIT_CPU_SHARES, Controller.CPU,
          Capability.LIMIT_IO, Controller.IO,
          Capability.LIMIT_NETWORK, Controller.NETWORK,
          Capability.LIMIT_PIDS, Controller.PIDS);

  private final Optional<Cgroups> cgroups;
  private final Set<Controller> usable;
  private final Map<Capability, String> missing;
  private final Set<Instance> instances = ConcurrentHashMap.newKeySet();
  private final Map<String, Held> groups = new ConcurrentHashMap<>();

  /** Guarded by itself. */
  private static final class Held {
    private Optional<LimitGroup> group = Optional.empty();
    private long owner;
  }

  private LimitGroups(
      Optional<Cgroups> cgroups, Set<Controller> usable, Map<Capability, String> missing) {
    this.cgroups = cgroups;
    this.usable = usable;
    this.missing = missing;
  }

  /** Finds by trying which controllers can be had here. */
  static LimitGroups detect(Linux linux) {
    Map<Capability, String> missing = new EnumMap<>(Capability.class);
    try {
      Cgroups cgroups = linux.cgroups();
      Set<Controller> usable = EnumSet.noneOf(Controller.class);
      for (Controller controller : Controller.values()) {
        if (controller == Controller.CPU_ACCOUNT && isApart(cgroups)) {
          continue;
        }
        String why =
            cgroups.placement(controller) instanceof Placement.Absent(String absent)
                ? absent
                : refusal(cgroups, controller);
        if (why.isEmpty()) {
          usable.add(controller);
        }
        NEEDS.forEach(
            (capability, needed) -> {
              if (needed == controller && !why.isEmpty()) {
                missing.put(capability, why);
              }
            });
      }
      return new LimitGroups(
          usable.isEmpty() ? Optional.empty() : Optional.of(cgroups), usable, missing);
    } catch (LinuxException none) {
      NEEDS.keySet().forEach(c -> missing.put(c, none.getMessage()));
      return new LimitGroups(Optional.empty(), Set.of(), missing);
    }
  }

  /** A hierarchy that only counts costs every start another folder; proc(5) counts as well. */
  private static boolean isApart(Cgroups cgroups) {
    return cgroups.placement(Controller.CPU_ACCOUNT) instanceof Placement.Mounted account
        && account.version() == 1
        && !account.equals(cgroups.placement(Controller.CPU));
  }

  private static String refusal(Cgroups cgroups, Controller controller) {
    String name = "duende-probe-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
    try {
      cgroups.create(name, Set.of(controller)).remove(REMOVAL);
      return "";
    } catch (LinuxException refused) {
      return refused.getMessage();
    }
  }

  Map<Capability, String> missing() {
    return missing;
  }

  Set<Capability> capabilities() {
    Set<Capability> all = new HashSet<>(NEEDS.keySet());
    all.removeAll(missing.keySet());
    if (!all.isEmpty()) {
      all.add(Capability.UPDATE_LIMITS);
    }
    return all;
  }

  /** Why there are no groups. */
  String whyNone() {
    return missing.values().stream().findFirst().orElse("this run was started without a group");
  }

  /** Whether a pause stops all at once. */
  boolean canFreeze() {
    return usable.contains(Controller.FREEZER);
  }

  private static String parent(Instance instance) {
    return "duende-" + instance.id();
  }

  private static String name(LaunchSpec spec) {
    return name(spec.instance(), spec.name());
  }

  /** A name of a daemon may be one that cgroups keep for themselves. */
  private static String name(Instance instance, String daemon) {
    return parent(instance) + "/run-" + daemon;
  }

  /** Nobody is told any more what happens in them. */
  void deafen() {
    for (Held held : groups.values()) {
      synchronized (held) {
        held.group.ifPresent(LimitGroup::deafen);
      }
    }
  }

  /** Removes what is empty: groups of runs that have ended, and then the instances' own. */
  void prune() {
    if (cgroups.isEmpty()) {
      return;
    }
    for (Instance instance : instances) {
      try {
        for (String name : cgroups.get().list(parent(instance))) {
          Optional<Cgroup> left = cgroups.get().open(name);
          if (left.isPresent() && left.get().processes().isEmpty()) {
            left.get().remove(REMOVAL);
          }
        }
        Optional<Cgroup> own = cgroups.get().open(parent(instance));
        if (own.isPresent() && cgroups.get().list(parent(instance)).isEmpty()) {
          own.get().remove(REMOVAL);
        }
      } catch (LinuxException refused) {
        LOGGER.log(Level.WARNING, refused.getMessage());
      }
    }
  }

  /**
   * The group of a run, with its limits set; empty where this machine has none for us. Runs of one name follow each other in
   * one group, which the last one removes: what is set already is not set again.
   */
  Optional<LimitGroup> claim(LaunchSpec spec) throws DaemonException {
    if (cgroups.isEmpty()) {
      refuseWritten(spec);
      return Optional.empty();
    }
    instances.add(spec.instance());
    while (true) {
      Held held = groups.computeIfAbsent(name(spec), n -> new Held());
      synchronized (held) {
        // The run before may have let go of it meanwhile.
        if (held == groups.get(name(spec))) {
          return Optional.of(claim(spec, held));
        }
      }
    }
  }

  private LimitGroup claim(LaunchSpec spec, Held held) throws DaemonException {
    held.owner = spec.generation();
    Optional<LimitGroup> there = held.group.filter(LimitGroup::exists);
    boolean sameControllers =
        there.isPresent() && there.get().cgroup().controllers().equals(wanted(spec));
    if (!sameControllers) {
      held.group.ifPresent(LimitGroup::deafen);
    }
    LimitGroup group = sameControllers ? there.get() : create(spec);
    held.group = Optional.of(group);
    Resources resources = spec.config().resources();
    if (!sameControllers || !group.isSet(resources, spec.config().written())) {
      group.put(spec, resources);
    }
    return group;
  }

  /** Whether a run of that spec would get this very group, with nothing to be set anew. */
  boolean suits(LimitGroup group, LaunchSpec spec) {
    return group.cgroup().controllers().equals(wanted(spec))
        && group.isSet(spec.config().resources(), spec.config().written());
  }

  /** The run of that generation is over: its group goes, unless a later run has it. */
  void release(LaunchSpec spec) {
    Held held = groups.get(name(spec));
    if (held == null) {
      return;
    }
    synchronized (held) {
      if (held.owner == spec.generation()) {
        held.group.ifPresent(LimitGroups::remove);
        held.group = Optional.empty();
        boolean _ = groups.remove(name(spec), held);
      }
    }
  }

  /** Found again: it belongs to that run. */
  private LimitGroup adopt(LaunchSpec spec, Cgroup cgroup) {
    LimitGroup group = new LimitGroup(cgroup);
    Held held = new Held();
    held.owner = spec.generation();
    held.group = Optional.of(group);
    Held before = groups.put(name(spec), held);
    if (before != null) {
      synchronized (before) {
        before.group.ifPresent(LimitGroup::deafen);
      }
    }
    return group;
  }

  private Set<Controller> wanted(LaunchSpec spec) {
    Set<Controller> wanted = EnumSet.copyOf(usable);
    Resources resources = spec.config().resources();
    if (resources.ioReadBps() <= 0 && resources.ioWriteBps() <= 0) {
      wanted.remove(Controller.IO);
    }
    if (resources.networkBps() <= 0) {
      // Beside version 1 it is a hierarchy of its own, and to join one of version 2 takes the
      // kernel
      // ten milliseconds: it waits until every processor has seen it (cgroup_threadgroup_rwsem).
      wanted.remove(Controller.NETWORK);
    }
    return wanted;
  }

  private LimitGroup create(LaunchSpec spec) throws DaemonException {
    try {
      LimitGroup group = new LimitGroup(cgroups.orElseThrow().create(name(spec), wanted(spec)));
      if (!group.cgroup().isNew() && group.isFrozen()) {
        // Left over from a paused run of a container that died: nothing could start in it.
        group.cgroup().thaw();
      }
      return group;
    } catch (LinuxException refused) {
      throw KernelFaults.of(ErrorCode.RESOURCE_LIMIT, spec.name(), refused);
    }
  }

  private void refuseWritten(LaunchSpec spec) throws DaemonException {
    Resources resources = spec.config().resources();
    for (LimitReport report : LimitGroup.notInForce(resources, whyNone())) {
      if (resources.enforce() == Resources.Enforce.STRICT
          && spec.config().isWritten(report.key())) {
        throw new DaemonException(
            ErrorCode.RESOURCE_LIMIT,
            spec.name(),
            report.key() + " cannot be enforced: " + report.why(),
            "or write resources.enforce = \"best-effort\"");
      }
    }
  }

  /** The group of a run that was started earlier. */
  Optional<LimitGroup> find(LaunchSpec spec) {
    try {
      Optional<Cgroup> found =
          cgroups.isPresent() ? cgroups.get().open(name(spec)) : Optional.empty();
      return found.filter(g -> !g.folders().isEmpty()).map(g -> adopt(spec, g));
    } catch (LinuxException unreadable) {
      LOGGER.log(Level.WARNING, spec.name() + ": " + unreadable.getMessage());
      return Optional.empty();
    }
  }

  private static void remove(LimitGroup group) {
    group.deafen();
    try {
      group.cgroup().remove(REMOVAL);
    } catch (LinuxException refused) {
      LOGGER.log(Level.WARNING, refused.getMessage());
    }
  }

  /** Removes the groups of this instance that belong to none of these names, with whatever is in them. */
  void sweep(Instance instance, Set<String> keptNames, Duration atMost) throws DaemonException {
    instances.add(instance);
    if (cgroups.isEmpty()) {
      return;
    }
    try {
      Set<String> kept = keptNames.stream().map(n -> name(instance, n)).collect(Collectors.toSet());
      for (String name : cgroups.get().list(parent(instance))) {
        Optional<Cgroup> stray = kept.contains(name) ? Optional.empty() : cgroups.get().open(name);
        if (stray.isPresent()) {
          stray.get().kill(atMost);
          stray.get().remove(REMOVAL);
        }
      }
    } catch (LinuxException refused) {
      throw KernelFaults.of(ErrorCode.RESOURCE_LIMIT, "native", refused);
    }
  }
}
