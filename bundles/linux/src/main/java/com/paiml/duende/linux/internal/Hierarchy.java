package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.cgroup.Controller;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * One mounted hierarchy.
 *
 * @param version 1 or 2
 * @param mount where it is mounted
 * @param base the folder of the group that this process is in
 * @param controllers what it has
 */
record Hierarchy(int version, Path mount, Path base, Set<Controller> controllers) {
  // proc(5), mountinfo: 36 35 98:0 /root /mount/point options optional... - type source
  // superoptions
  private static final int ROOT = 3;
  private static final int MOUNT_POINT = 4;

  /** The group that this process moves into where it must not have processes beside groups. */
  static final String SUPERVISOR = "supervisor";

  Hierarchy {
    controllers = Set.copyOf(controllers);
  }

  /** Every hierarchy that is mounted, by {@code /proc/self/mountinfo} and {@code /proc/self/cgroup}. */
  static List<Hierarchy> detect(ControlFiles files) throws LinuxException {
    String mounts = files.read(Path.of("/proc/self/mountinfo"));
    String own = files.read(Path.of("/proc/self/cgroup"));
    return detect(files, mounts, own);
  }

  static List<Hierarchy> detect(ControlFiles files, String mounts, String own)
      throws LinuxException {
    Map<String, String> ownPaths = ownPaths(own);
    List<Hierarchy> found = new ArrayList<>();
    for (String line : mounts.lines().toList()) {
      String[] field = line.split(" ", -1);
      int separator = Arrays.asList(field).indexOf("-");
      if (separator < 0 || separator + 3 >= field.length) {
        continue;
      }
      Path mount = Path.of(unescape(field[MOUNT_POINT]));
      if (field[separator + 1].equals("cgroup2")) {
        Path own2 = base(mount, unescape(field[ROOT]), ownPaths.getOrDefault("", "/"));
        Path base = withoutSupervisor(mount, own2);
        found.add(new Hierarchy(2, mount, base, controllersOfTwo(files, base)));
      } else if (field[separator + 1].equals("cgroup")) {
        Set<String> options = Set.of(field[separator + 3].split(",", -1));
        Set<Controller> controllers =
            Arrays.stream(Controller.values())
                .filter(controller -> options.contains(controller.v1Name()))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Controller.class)));
        Optional<Controller> first = controllers.stream().findFirst();
        if (first.isPresent()) {
          String path = ownPaths.getOrDefault(first.get().v1Name(), "/");
          found.add(new Hierarchy(1, mount, base(mount, unescape(field[ROOT]), path), controllers));
        }
      }
    }
    return found;
  }

  /** Where we are after having moved aside, groups are still made beside us. */
  private static Path withoutSupervisor(Path mount, Path own) {
    Path parent = own.getParent();
    return parent != null && !own.equals(mount) && own.endsWith(SUPERVISOR) ? parent : own;
  }

  private static Set<Controller> controllersOfTwo(ControlFiles files, Path base)
      throws LinuxException {
    Set<String> names =
        Set.copyOf(
            Arrays.asList(files.readIfThere(base.resolve("cgroup.controllers")).split(" ", -1)));
    Set<Controller> controllers = EnumSet.noneOf(Controller.class);
    for (Controller controller : Controller.values()) {
      if (controller.v2Name().isEmpty() || names.contains(controller.v2Name())) {
        controllers.add(controller);
      }
    }
    return controllers;
  }

  /** Lines {@code number:controller,controller:path}; version 2 has no controllers there. */
  private static Map<String, String> ownPaths(String own) {
    Map<String, String> paths = new HashMap<>();
    own.lines()
        .map(line -> line.split(":", 3))
        .filter(part -> part.length == 3)
        .forEach(
            part -> {
              for (String controller : part[1].split(",", -1)) {
                paths.put(controller, part[2]);
              }
            });
    return paths;
  }

  /** In a container the mount may show only a part of the hierarchy, from its root field on. */
  private static Path base(Path mount, String root, String path) {
    if (root.equals("/")) {
      return path.equals("/") ? mount : mount.resolve(path.substring(1));
    }
    if (path.equals(root) || !path.startsWith(root + "/")) {
      return mount;
    }
    return mount.resolve(path.substring(root.length() + 1));
  }

  private static String unescape(String field) {
    return field.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
  }
}
