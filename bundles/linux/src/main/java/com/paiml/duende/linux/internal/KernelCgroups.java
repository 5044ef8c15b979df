package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.cgroup.Cgroup;
import com.paiml.duende.linux.cgroup.Cgroups;
import com.paiml.duende.linux.cgroup.Controller;
import com.paiml.duende.linux.cgroup.Placement;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Groups in the hierarchies that were mounted when this was made. */
final class KernelCgroups implements Cgroups {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_@-][A-Za-z0-9_.@-]*");

  private final ControlFiles files;
  private final Map<Controller, Hierarchy> holders;
  private final Optional<Hierarchy> unified;
  private final Optional<String> withoutNetwork;

  KernelCgroups(ControlFiles files, List<Hierarchy> hierarchies) {
    this.files = files;
    this.unified = hierarchies.stream().filter(one -> one.version() == 2).findFirst();
    this.holders = new EnumMap<>(Controller.class);
    // A controller is in one hierarchy only, but for what version 2 has always: there version 1,
    // when mounted, is where the limits of the same group are.
    hierarchies.stream()
        .sorted((a, b) -> Integer.compare(b.version(), a.version()))
        .forEach(one -> one.controllers().forEach(controller -> holders.put(controller, one)));
    this.withoutNetwork = tryNetwork(files);
    if (withoutNetwork.isPresent()) {
      holders.remove(Controller.NETWORK);
    }
  }

  static KernelCgroups detect(Kernel kernel) throws LinuxException {
    ControlFiles files = new ControlFiles(kernel);
    return new KernelCgroups(files, Hierarchy.detect(files));
  }

  /** Why a program that limits the network cannot be loaded, if so; nothing is attached. */
  private static Optional<String> tryNetwork(ControlFiles files) {
    try {
      NetworkPolicer.tryLoading(new Bpf(files.kernel()));
      return Optional.empty();
    } catch (LinuxException refused) {
      return Optional.of(refused.getMessage());
    }
  }

  @Override
  public Placement placement(Controller controller) {
    Hierarchy holder = holders.get(controller);
    if (holder != null) {
      return new Placement.Mounted(holder.version(), holder.base());
    }
    return new Placement.Absent(absence(controller));
  }

  private String absence(Controller controller) {
    if (unified.isEmpty()) {
      return "no hierarchy with "
          + controller.name().toLowerCase(Locale.ROOT)
          + " is mounted: mount -t cgroup2 none /sys/fs/cgroup";
    }
    if (controller == Controller.NETWORK) {
      return withoutNetwork.orElse("no program can be attached in " + unified.get().base());
    }
    return "there is no "
        + controller.v1Name()
        + " controller in "
        + unified.get().base()
        + " and none is mounted as version 1: enable it in cgroup.subtree_control above, or mount"
        + " it";
  }

  @Override
  public Cgroup create(String name, Set<Controller> wanted) throws LinuxException {
    List<String> segments = segments(name);
    Map<Hierarchy, Set<Controller>> where = new LinkedHashMap<>();
    for (Controller controller : EnumSet.copyOf(wanted)) {
      Hierarchy holder = holders.get(controller);
      if (holder != null) {
        where.computeIfAbsent(holder, h -> EnumSet.noneOf(Controller.class)).add(controller);
      }
    }
    List<Path> made = new ArrayList<>();
    try {
      Map<Controller, Path> folders = new EnumMap<>(Controller.class);
      for (Map.Entry<Hierarchy, Set<Controller>> one : where.entrySet()) {
        Path folder = make(one.getKey(), one.getValue(), segments, made);
        one.getValue().forEach(controller -> folders.put(controller, folder));
      }
      boolean isNew = made.containsAll(folders.values());
      return group(name, folders, isNew);
    } catch (LinuxException refused) {
      made.reversed()
          .forEach(
              folder -> {
                long gone = files.removeFolder(folder);
                if (gone < 0) {
                  refused.addSuppressed(Kernel.error(gone, Call.UNLINKAT, folder.toString()));
                }
              });
      throw refused;
    }
  }

  private Path make(
      Hierarchy hierarchy, Set<Controller> controllers, List<String> segments, List<Path> made)
      throws LinuxException {
    if (hierarchy.version() == 1) {
      Path whole = resolve(hierarchy.base(), segments);
      if (isMade(whole, made)) {
        return whole;
      }
    }
    Path folder = hierarchy.base();
    for (String segment : segments) {
      if (hierarchy.version() == 2) {
        passOn(folder, controllers);
      }
      folder = folder.resolve(segment);
      if (files.makeFolder(folder)) {
        made.add(folder);
      }
    }
    return folder;
  }

  /** Makes a folder whose parents are there, as they are for all groups but the first; else makes nothing. */
  private boolean isMade(Path folder, List<Path> made) throws LinuxException {
    try {
      if (files.makeFolder(folder)) {
        made.add(folder);
      }
      return true;
    } catch (LinuxException refused) {
      if (refused.is(Errno.ENOENT)) {
        return false;
      }
      throw refused;
    }
  }

  /** Lets the groups below that folder have those controllers. */
  private void passOn(Path folder, Set<Controller> controllers) throws LinuxException {
    Path control = folder.resolve("cgroup.subtree_control");
    Set<String> there = Set.of(files.read(control).split(" ", -1));
    String missing =
        controllers.stream()
            .map(Controller::v2Name)
            .filter(name -> !name.isEmpty() && !there.contains(name))
            .map(name -> "+" + name)
            .collect(Collectors.joining(" "));
    if (missing.isEmpty()) {
      return;
    }
    try {
      files.write(control, missing);
    } catch (LinuxException refused) {
      if (!refused.is(Errno.EBUSY) || !onlyWeAreIn(folder)) {
        throw refused.is(Errno.EBUSY)
            ? new LinuxException(
                Errno.EBUSY,
                "write",
                control.toString(),
                "The group has processes of its own besides this one: start the supervisor in a"
                    + " group of its own (under systemd: Delegate=yes).")
            : refused;
      }
      moveAside(folder);
      files.write(control, missing);
    }
  }

  private boolean onlyWeAreIn(Path folder) throws LinuxException {
    int self = (int) ProcessHandle.current().pid();
    return files.pids(folder.resolve("cgroup.procs")).stream().allMatch(pid -> pid == self);
  }

  private void moveAside(Path folder) throws LinuxException {
    Path supervisor = folder.resolve(Hierarchy.SUPERVISOR);
    boolean ours = files.makeFolder(supervisor);
    try {
      files.write(supervisor.resolve("cgroup.procs"), "0");
    } catch (LinuxException refused) {
      if (ours) {
        long ignored = files.removeFolder(supervisor);
        assert ignored == 0;
      }
      throw refused;
    }
  }

  @Override
  public Optional<Cgroup> open(String name) throws LinuxException {
    List<String> segments = segments(name);
    Map<Controller, Path> folders = new EnumMap<>(Controller.class);
    holders.forEach(
        (controller, hierarchy) -> {
          Path folder = resolve(hierarchy.base(), segments);
          if (files.exists(folder)) {
            folders.put(controller, folder);
          }
        });
    return folders.isEmpty() ? Optional.empty() : Optional.of(group(name, folders, false));
  }

  @Override
  public Optional<Cgroup> of(int pid) throws LinuxException {
    String groups;
    try {
      groups = files.read(Path.of("/proc/" + pid + "/cgroup"));
    } catch (LinuxException refused) {
      if (refused.is(Errno.ENOENT) || refused.is(Errno.ESRCH)) {
        return Optional.empty();
      }
      throw refused;
    }
    Map<Controller, Path> folders = new EnumMap<>(Controller.class);
    Map<Controller, Integer> versions = new EnumMap<>(Controller.class);
    List<Hierarchy> seen =
        Hierarchy.detect(files, files.read(Path.of("/proc/self/mountinfo")), groups);
    for (Hierarchy one : seen) {
      for (Controller controller : one.controllers()) {
        // Of what is in both versions, the limits of a group are in the first.
        boolean better = one.version() < versions.getOrDefault(controller, Integer.MAX_VALUE);
        if (better && !one.base().equals(one.mount()) && files.exists(one.base())) {
          folders.put(controller, one.base());
          versions.put(controller, one.version());
        }
      }
    }
    return folders.isEmpty()
        ? Optional.empty()
        : Optional.of(group("of process " + pid, folders, versions, false));
  }

  @Override
  public List<String> list(String name) throws LinuxException {
    List<String> segments = segments(name);
    Set<String> names = new TreeSet<>();
    for (Hierarchy hierarchy : Set.copyOf(holders.values())) {
      for (Path below : foldersIn(resolve(hierarchy.base(), segments))) {
        names.add(name + "/" + below.getFileName());
      }
    }
    return List.copyOf(names);
  }

  private static List<Path> foldersIn(Path folder) throws LinuxException {
    List<Path> all = new ArrayList<>();
    try (DirectoryStream<Path> below = Files.newDirectoryStream(folder, Files::isDirectory)) {
      below.forEach(all::add);
      return all;
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException unreadable) {
      throw new LinuxException(
          Errno.EIO, "open", folder.toString(), "It cannot be listed: " + unreadable);
    }
  }

  private Cgroup group(String name, Map<Controller, Path> folders, boolean isNew) {
    Map<Controller, Integer> versions = new EnumMap<>(Controller.class);
    folders
        .keySet()
        .forEach(
            controller -> {
              Hierarchy holder = holders.get(controller);
              versions.put(controller, holder == null ? 1 : holder.version());
            });
    return group(name, folders, versions, isNew);
  }

  private Cgroup group(
      String name, Map<Controller, Path> folders, Map<Controller, Integer> numbers, boolean isNew) {
    Map<Controller, CgroupVersion> versions = new EnumMap<>(Controller.class);
    CgroupVersion one = new CgroupOne(files);
    CgroupVersion two = new CgroupTwo(files);
    numbers.forEach((controller, number) -> versions.put(controller, number == 2 ? two : one));
    return new KernelCgroup(name, files, folders, versions, isNew);
  }

  private static Path resolve(Path base, List<String> segments) {
    Path folder = base;
    for (String segment : segments) {
      folder = folder.resolve(segment);
    }
    return folder;
  }

  private static List<String> segments(String name) throws LinuxException {
    List<String> segments = List.of(name.split("/", -1));
    for (String segment : segments) {
      if (!NAME.matcher(segment).matches() || segment.equals(Hierarchy.SUPERVISOR)) {
        throw new LinuxException(
            Errno.EINVAL,
            "mkdir",
            "cgroup " + name,
            "Use letters, digits, - _ . and @, not beginning with a dot, with slashes between; "
                + Hierarchy.SUPERVISOR
                + " is taken.");
      }
    }
    return segments;
  }
}
