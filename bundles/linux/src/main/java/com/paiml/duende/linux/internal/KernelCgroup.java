package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.cgroup.Cgroup;
import com.paiml.duende.linux.cgroup.Controller;
import com.paiml.duende.linux.cgroup.InForce;
import com.paiml.duende.linux.cgroup.Setting;
import com.paiml.duende.linux.cgroup.Usage;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** One group, spread over the hierarchies that hold its controllers. */
final class KernelCgroup implements Cgroup {
  private static final OptionalLong NOBODY = OptionalLong.of(0);
  private static final int SIGKILL = 9;
  private static final int HELD_AT_ONCE = 64;
  private static final long FIRST_PAUSE_NANOS = 500_000;
  private static final long LONGEST_PAUSE_NANOS = 20_000_000;

  private final String name;
  private final ControlFiles files;
  private final Map<Controller, Path> folders;
  private final Map<Controller, CgroupVersion> versions;
  private final boolean isNew;
  private final Set<Controller> touched = ConcurrentHashMap.newKeySet();

  KernelCgroup(
      String name,
      ControlFiles files,
      Map<Controller, Path> folders,
      Map<Controller, CgroupVersion> versions,
      boolean isNew) {
    this.name = name;
    this.isNew = isNew;
    this.files = files;
    this.folders = new EnumMap<>(Controller.class);
    this.folders.putAll(folders);
    this.versions = new EnumMap<>(Controller.class);
    this.versions.putAll(versions);
  }

  /** What a controller does, in its folder. */
  @FunctionalInterface
  private interface Reading<R> {
    R of(CgroupVersion version, Path folder) throws LinuxException;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean isNew() {
    return isNew;
  }

  @Override
  public Set<Controller> controllers() {
    return folders.isEmpty() ? EnumSet.noneOf(Controller.class) : EnumSet.copyOf(folders.keySet());
  }

  @Override
  public List<Path> folders() {
    return folders.values().stream().distinct().toList();
  }

  @Override
  public Optional<Path> population() {
    return Optional.ofNullable(folders.get(Controller.PIDS)).map(f -> f.resolve("pids.current"));
  }

  @Override
  public List<Path> joinFiles() {
    // To move one thread, version 1 needs not to hold up every fork and exit of the machine, which
    // takes milliseconds. A process that joins has one thread only. Version 2 has no such way.
    return folders.entrySet().stream()
        .map(
            entry ->
                entry
                    .getValue()
                    .resolve(
                        versions.get(entry.getKey()) instanceof CgroupOne
                            ? "tasks"
                            : "cgroup.procs"))
        .distinct()
        .toList();
  }

  @Override
  public void attach(int pid) throws LinuxException {
    for (Path folder : folders()) {
      files.write(folder.resolve("cgroup.procs"), Integer.toString(pid));
    }
  }

  @Override
  public List<InForce> set(Setting setting) throws LinuxException {
    write(setting);
    return read(setting);
  }

  @Override
  public void write(Setting setting) throws LinuxException {
    Held held = require(setting.controller());
    boolean untouched = isNew && touched.add(setting.controller());
    held.version().write(held.folder(), setting, untouched);
  }

  @Override
  public OptionalLong cpuNanos() throws LinuxException {
    return number(Controller.CPU_ACCOUNT, CgroupVersion::cpuNanos);
  }

  @Override
  public OptionalLong outOfMemoryKills() throws LinuxException {
    return number(Controller.MEMORY, CgroupVersion::outOfMemoryKills);
  }

  @Override
  public List<InForce> read(Setting setting) throws LinuxException {
    return require(setting.controller()).of((version, folder) -> version.read(folder, setting));
  }

  /** A controller that must be there. */
  private record Held(CgroupVersion version, Path folder) {
    <R> R of(Reading<R> reading) throws LinuxException {
      return reading.of(version, folder);
    }
  }

  private Held require(Controller controller) throws LinuxException {
    Path folder = folders.get(controller);
    CgroupVersion version = versions.get(controller);
    if (folder == null || version == null) {
      throw new LinuxException(
          Errno.ENOENT,
          "open",
          "the " + controller.name().toLowerCase(Locale.ROOT) + " controller of cgroup " + name,
          "No hierarchy here has it: see the placement of controllers, and enable or mount it.");
    }
    return new Held(version, folder);
  }

  private OptionalLong number(Controller controller, Reading<OptionalLong> reading)
      throws LinuxException {
    return folders.containsKey(controller) ? require(controller).of(reading) : OptionalLong.empty();
  }

  @Override
  public Usage usage() throws LinuxException {
    List<OptionalLong> io =
        folders.containsKey(Controller.IO)
            ? require(Controller.IO).of(CgroupVersion::ioBytes)
            : List.of(OptionalLong.empty(), OptionalLong.empty());
    return new Usage(
        cpuNanos(),
        number(
            Controller.CPU,
            (version, folder) -> files.entry(folder.resolve("cpu.stat"), "nr_throttled")),
        number(Controller.MEMORY, CgroupVersion::memory),
        number(Controller.MEMORY, CgroupVersion::memoryPeak),
        number(Controller.PIDS, (version, folder) -> files.number(folder.resolve("pids.current"))),
        io.getFirst(),
        io.getLast(),
        outOfMemoryKills());
  }

  @Override
  public List<Integer> processes() throws LinuxException {
    Set<Integer> pids = new TreeSet<>();
    for (Path folder : folders()) {
      for (Path each : withBelow(folder)) {
        pids.addAll(files.pids(each.resolve("cgroup.procs")));
      }
    }
    return List.copyOf(pids);
  }

  @Override
  public boolean isEmpty() throws LinuxException {
    // It counts with what is below, and zombies: 0 leaves no doubt, more may be nobody who lives.
    return number(Controller.PIDS, (_, folder) -> files.number(folder.resolve("pids.current")))
            .equals(NOBODY)
        || processes().isEmpty();
  }

  /** The folder and all below it, the deepest first. */
  private static List<Path> withBelow(Path folder) throws LinuxException {
    List<Path> all = new ArrayList<>();
    if (hasNoneBelow(folder)) {
      return List.of(folder);
    }
    try (DirectoryStream<Path> below = Files.newDirectoryStream(folder, Files::isDirectory)) {
      for (Path each : below) {
        all.addAll(withBelow(each));
      }
    } catch (NoSuchFileException gone) {
      return all;
    } catch (IOException unreadable) {
      throw new LinuxException(
          Errno.EIO, "open", folder.toString(), "It cannot be listed: " + unreadable);
    }
    all.add(folder);
    return all;
  }

  /** A folder of this file system is linked to by itself and by those below it: cheaper than a look at every file. */
  private static boolean hasNoneBelow(Path folder) throws LinuxException {
    try {
      return (Integer) Files.getAttribute(folder, "unix:nlink") == 2;
    } catch (IOException gone) {
      return false;
    }
  }

  @Override
  public void freeze(Duration atMost) throws LinuxException {
    Held freezer = require(Controller.FREEZER);
    freezer.version().requestFrozen(freezer.folder(), true);
    if (!await(atMost, () -> freezer.of(CgroupVersion::isFrozen))) {
      thaw();
      throw new LinuxException(
          Errno.ETIMEDOUT,
          "write",
          "freezing cgroup " + name,
          "A process does not stop within "
              + atMost
              + " (it waits for a device): try again later.");
    }
  }

  @Override
  public void thaw() throws LinuxException {
    Held freezer = require(Controller.FREEZER);
    freezer.version().requestFrozen(freezer.folder(), false);
  }

  @Override
  public void kill(Duration atMost) throws LinuxException {
    for (Path folder : folders()) {
      Path kill = folder.resolve("cgroup.kill");
      if (files.exists(kill)) {
        files.write(kill, "1");
      }
    }
    if (!await(atMost, this::killOnce)) {
      throw new LinuxException(
          Errno.ETIMEDOUT,
          "kill",
          "cgroup " + name,
          "Still there after "
              + atMost
              + ": pids "
              + processes()
              + " (waiting for a device, or not reaped by their parent).");
    }
  }

  /** Signals whatever is there; true when nothing but zombies is. */
  private boolean killOnce() throws LinuxException {
    List<Integer> left = processes();
    if (left.isEmpty()) {
      return true;
    }
    // Stopped, none can fork away from the signals; each dies when it is let go.
    Optional<Held> freezer =
        versions.get(Controller.FREEZER) instanceof CgroupOne
            ? Optional.of(require(Controller.FREEZER))
            : Optional.empty();
    if (freezer.isPresent()) {
      freezer.get().version().requestFrozen(freezer.get().folder(), true);
    }
    try {
      for (int from = 0; from < left.size(); from += HELD_AT_ONCE) {
        killMembers(left.subList(from, Math.min(left.size(), from + HELD_AT_ONCE)));
      }
    } finally {
      if (freezer.isPresent()) {
        freezer.get().version().requestFrozen(freezer.get().folder(), false);
      }
    }
    return processes().isEmpty();
  }

  /** A number may have passed to a stranger since it was read: all are held, then read again. */
  private void killMembers(List<Integer> pids) throws LinuxException {
    List<KernelPidfd> held = new ArrayList<>();
    try {
      for (int pid : pids) {
        hold(pid, held);
      }
      Set<Integer> still = Set.copyOf(processes());
      for (KernelPidfd member : held) {
        if (still.contains(member.pid())) {
          boolean reached = member.sendSignal(SIGKILL);
          assert reached || member.hasEnded();
        }
      }
    } finally {
      held.forEach(KernelPidfd::close);
    }
  }

  private void hold(int pid, List<KernelPidfd> held) throws LinuxException {
    try {
      held.add(KernelPidfd.open(files.kernel(), pid));
    } catch (LinuxException gone) {
      if (!gone.is(Errno.ESRCH)) {
        throw gone;
      }
    }
  }

  @Override
  public Watch onOutOfMemory(EventLoop loop, Runnable then) throws LinuxException {
    Held memory = require(Controller.MEMORY);
    return memory.version().onOutOfMemory(memory.folder(), loop, then);
  }

  @Override
  public void remove(Duration atMost) throws LinuxException {
    for (Path folder : folders()) {
      if (!await(atMost, () -> removeTree(folder))) {
        throw new LinuxException(
            Errno.EBUSY,
            "rmdir",
            folder.toString(),
            "Processes are in it still: " + processes() + ". Kill them first.");
      }
    }
  }

  private boolean removeTree(Path folder) throws LinuxException {
    for (Path each : withBelow(folder)) {
      long gone = files.removeFolder(each);
      if (Kernel.isErrno(gone, Errno.EBUSY)) {
        return false;
      }
      if (!Kernel.isErrno(gone, Errno.ENOENT)) {
        Kernel.check(gone, Call.UNLINKAT, each.toString());
      }
    }
    return true;
  }

  @FunctionalInterface
  private interface Condition {
    boolean holds() throws LinuxException;
  }

  private static boolean await(Duration atMost, Condition condition) throws LinuxException {
    long end = System.nanoTime() + atMost.toNanos();
    long pause = FIRST_PAUSE_NANOS;
    boolean interrupted = false;
    try {
      while (!condition.holds()) {
        if (System.nanoTime() - end >= 0) {
          return false;
        }
        // An interrupted thread cannot pause, and what is half done has to be finished.
        interrupted |= Thread.interrupted();
        LockSupport.parkNanos(pause);
        pause = Math.min(LONGEST_PAUSE_NANOS, 2 * pause);
      }
      return true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public String toString() {
    return "cgroup " + name + " " + folders();
  }
}
