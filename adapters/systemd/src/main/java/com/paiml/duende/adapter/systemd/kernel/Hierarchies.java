package com.paiml.duende.adapter.systemd.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where a machine has its control groups, cgroups(7).
 *
 * @param one mount point of the hierarchy of version 1 by controller
 * @param two mount point of version 2, where there is one
 * @param delegated the controllers of version 2 that the service manager may hand on
 * @param canFreeze whether systemd has a freezer: where there is nothing but version 2
 * @param disks what limits of I/O are for, as systemd takes it: the nodes of all whole disks, or a path on the one that counts
 */
public record Hierarchies(
    Map<String, Path> one,
    Optional<Path> two,
    Set<String> delegated,
    boolean canFreeze,
    List<String> disks) {

  /** @param group the manager's own, from the root of its view */
  public static Hierarchies of(Machine machine, String group, boolean ofUser) {
    Map<String, Path> one = new HashMap<>();
    Optional<Path> two = Optional.empty();
    try {
      for (String line : machine.mounts()) {
        int dash = line.indexOf(" - ");
        String[] before = line.substring(0, Math.max(0, dash)).split(" ");
        String[] after = line.substring(dash + 3).split(" ");
        if (before.length < 5 || after.length < 3) {
          continue;
        }
        if (after[0].equals("cgroup2")) {
          two = Optional.of(machine.path(before[4]));
        } else if (after[0].equals("cgroup")) {
          for (String option : after[2].split(",")) {
            one.put(option, machine.path(before[4]));
          }
        }
      }
    } catch (IOException unreadable) {
      return new Hierarchies(Map.of(), Optional.empty(), Set.of(), false, List.of());
    }
    Set<String> delegated = two.map(t -> controllers(t, group)).orElse(Set.of());
    // A user manager is given nothing of version 1 (systemd.resource-control(5)).
    return new Hierarchies(
        ofUser ? Map.of() : one,
        two,
        delegated,
        two.isPresent() && one.isEmpty(),
        Disks.of(machine));
  }

  private static Set<String> controllers(Path mount, String group) {
    try {
      String text = Files.readString(below(mount, group).resolve("cgroup.controllers"));
      return Set.copyOf(Arrays.asList(text.strip().split(" ")));
    } catch (IOException unreadable) {
      return Set.of();
    }
  }

  static Path below(Path mount, String group) {
    int begin = 0;
    while (begin < group.length() && group.charAt(begin) == '/') {
      begin++;
    }
    return mount.resolve(group.substring(begin));
  }

  public boolean hasOne(String controller) {
    return one.containsKey(controller);
  }

  public boolean hasTwo(String controller) {
    return delegated.contains(controller);
  }

  public boolean has(String controller) {
    return hasOne(controller) || hasTwo(controller);
  }
}
