package com.paiml.duende.adapter.process.program;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Resources;
import com.paiml.duende.linux.cgroup.Cgroup;
import com.paiml.duende.linux.cgroup.Controller;
import com.paiml.duende.linux.cgroup.InForce;
import com.paiml.duende.linux.cgroup.Setting;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A run's control group: its limits, as asked and as the kernel has them. */
final class LimitGroup {
  private static final Logger LOGGER = System.getLogger(LimitGroup.class.getName());

  /** One key of the daemon file and what it is for the kernel. */
  private record Wanted(String key, String asked, Setting setting) {}

  private final Cgroup group;
  private final Path members;
  private volatile @Nullable Resources set;
  private volatile Set<String> written = Set.of();
  private volatile Map<String, String> refused = Map.of();
  private volatile OptionalLong settledKills;
  private volatile Runnable told = LimitGroup::nobody;
  private @Nullable Watch watch;

  LimitGroup(Cgroup group) {
    this.group = group;
    this.members = group.folders().getFirst();
    this.settledKills = group.isNew() ? OptionalLong.of(0) : OptionalLong.empty();
  }

  Cgroup cgroup() {
    return group;
  }

  /**
   * Whether no process is in it, asked as cheaply as can be: this stands between the death of a program and its successor.
   */
  boolean isEmpty() {
    try {
      return group.isEmpty();
    } catch (LinuxException unreadable) {
      return !exists();
    }
  }

  boolean exists() {
    return Files.isDirectory(members);
  }

  /**
   * From now on that one is told when the kernel has killed for want of memory. The kernel's notice goes on from run to run:
   * to give one back takes it longer than most of a start.
   */
  synchronized void listen(EventLoop loop, Runnable run) throws LinuxException {
    told = run;
    if (watch == null && group.controllers().contains(Controller.MEMORY)) {
      watch = group.onOutOfMemory(loop, () -> told.run());
    }
  }

  private static void nobody() {}

  /** That one is told no more. */
  synchronized void leave(Runnable run) {
    if (told.equals(run)) {
      told = LimitGroup::nobody;
    }
  }

  /** Nobody is told any more. */
  synchronized void deafen() {
    told = LimitGroup::nobody;
    if (watch != null) {
      watch.close();
      watch = null;
    }
  }

  /** Whether exactly that is in force since it was last set. */
  boolean isSet(Resources resources, Set<String> writtenKeys) {
    return resources.equals(set) && writtenKeys.equals(written);
  }

  /** Sets all limits; a written one that cannot be set is an error where the file is strict. */
  List<LimitReport> apply(LaunchSpec spec, Resources resources) throws DaemonException {
    put(spec, resources);
    return read(resources);
  }

  /** As {@link #apply}, and asks the kernel nothing: {@link #read} does when somebody wants to know. */
  void put(LaunchSpec spec, Resources resources) throws DaemonException {
    boolean strict = resources.enforce() == Resources.Enforce.STRICT;
    Map<String, String> notSet = new HashMap<>();
    Resources before = set;
    set = null;
    for (Wanted wanted : wanted(resources)) {
      try {
        group.write(wanted.setting());
      } catch (LinuxException refusal) {
        if (strict && spec.config().isWritten(wanted.key())) {
          restore(spec, before);
          throw new DaemonException(
              ErrorCode.RESOURCE_LIMIT,
              spec.name(),
              wanted.key()
                  + " = "
                  + wanted.asked()
                  + " cannot be enforced: "
                  + refusal.getMessage(),
              "or write resources.enforce = \"best-effort\"",
              refusal);
        }
        notSet.put(wanted.key(), String.valueOf(refusal.getMessage()));
      }
    }
    refused = Map.copyOf(notSet);
    set = resources;
    written = spec.config().written();
  }

  /** Half of a change must not stay. */
  private void restore(LaunchSpec spec, @Nullable Resources before) {
    if (before == null) {
      return;
    }
    for (Wanted wanted : wanted(before)) {
      try {
        group.write(wanted.setting());
      } catch (LinuxException refusal) {
        LOGGER.log(Level.WARNING, spec.name() + ": " + wanted.key() + ": " + refusal.getMessage());
      }
    }
    set = before;
  }

  /** What is in force now, read from the kernel; what it did not take is not, whatever its file says. */
  List<LimitReport> read(Resources resources) {
    List<LimitReport> reports = new ArrayList<>();
    for (Wanted wanted : wanted(resources)) {
      reports.add(read(wanted));
    }
    return reports;
  }

  private LimitReport read(Wanted wanted) {
    String why = refused.getOrDefault(wanted.key(), "");
    try {
      return why.isEmpty()
          ? report(wanted, group.read(wanted.setting()))
          : new LimitReport(wanted.key(), wanted.asked(), "", "", false, why);
    } catch (LinuxException gone) {
      return new LimitReport(
          wanted.key(), wanted.asked(), "", "", false, String.valueOf(gone.getMessage()));
    }
  }

  /** What is to be shown where there is no group. */
  static List<LimitReport> notInForce(Resources resources, String why) {
    return wanted(resources).stream()
        .map(w -> new LimitReport(w.key(), w.asked(), "", "", false, why))
        .toList();
  }

  private static LimitReport report(Wanted wanted, List<InForce> inForce) {
    String actual = String.join(" / ", inForce.stream().map(InForce::value).toList());
    String files = String.join(" ", inForce.stream().map(i -> i.file().toString()).toList());
    return new LimitReport(wanted.key(), wanted.asked(), actual, files, true, "");
  }

  private static List<Wanted> wanted(Resources r) {
    List<Wanted> all = new ArrayList<>();
    all.add(bytes("resources.memory", r.memory(), new Setting.Memory(r.memory())));
    all.add(
        r.lockMemory()
            ? new Wanted("resources.lock_memory", "no swap", new Setting.NoSwap())
            : bytes(
                "resources.memory_swap",
                r.memorySwap(),
                new Setting.MemoryAndSwap(Math.max(r.memory(), r.memorySwap()))));
    all.add(
        new Wanted(
            "resources.cpu_quota", r.cpuQuota() + " %", Setting.CpuQuota.percent(r.cpuQuota())));
    all.add(
        new Wanted(
            "resources.cpu_shares",
            Long.toString(r.cpuShares()),
            new Setting.CpuShares(r.cpuShares())));
    all.add(new Wanted("resources.pids", Long.toString(r.pids()), new Setting.Pids(r.pids())));
    if (r.ioReadBps() > 0) {
      all.add(bytes("resources.io_read_bps", r.ioReadBps(), new Setting.IoRead(r.ioReadBps())));
    }
    if (r.ioWriteBps() > 0) {
      all.add(bytes("resources.io_write_bps", r.ioWriteBps(), new Setting.IoWrite(r.ioWriteBps())));
    }
    if (r.networkBps() > 0) {
      all.add(bytes("resources.network_bps", r.networkBps(), new Setting.Network(r.networkBps())));
    }
    return all;
  }

  private static Wanted bytes(String key, long bytes, Setting setting) {
    return new Wanted(key, Long.toString(bytes), setting);
  }

  /** Whether it stands still; what cannot be asked does not. */
  boolean isFrozen() {
    for (Path folder : group.folders()) {
      try {
        // v1 freezer.state, v2 cgroup.freeze
        Path one = folder.resolve("freezer.state");
        Path two = folder.resolve("cgroup.freeze");
        if ((Files.exists(one) && !Files.readString(one).strip().equals("THAWED"))
            || (Files.exists(two) && Files.readString(two).strip().equals("1"))) {
          return true;
        }
      } catch (IOException gone) {
        return false;
      }
    }
    return false;
  }

  /** Processor time since the group was made. */
  long cpuNanos() {
    try {
      return group.cpuNanos().orElse(0);
    } catch (LinuxException unreadable) {
      return 0;
    }
  }

  /** Kills by the kernel for want of memory, since the group was made. */
  long outOfMemoryKills() {
    try {
      return group.outOfMemoryKills().orElse(0);
    } catch (LinuxException unreadable) {
      return 0;
    }
  }

  /** The kills before a run that is about to start: not asked again when they were asked with nobody in it. */
  long killsBefore() {
    OptionalLong known = settledKills;
    return known.isPresent() ? known.getAsLong() : outOfMemoryKills();
  }

  /** As {@link #outOfMemoryKills}, when it {@link #isEmpty}. */
  long killsWhenEmpty() {
    long kills = outOfMemoryKills();
    settledKills = OptionalLong.of(kills);
    return kills;
  }

  /** There may be more before the next run. */
  void forgetKills() {
    settledKills = OptionalLong.empty();
  }

  /** Which of those processes are in it; empty when it cannot be read. */
  Optional<List<Integer>> processes() {
    try {
      return Optional.of(group.processes());
    } catch (LinuxException unreadable) {
      return Optional.empty();
    }
  }
}
