package com.paiml.duende.adapter.systemd.kernel;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The control group of a unit, read and never written: that is systemd's.
 *
 * @param hierarchies where its folders are
 * @param path its path, as systemd's property {@code ControlGroup} has it; empty when it has none
 */
public record UnitGroup(Hierarchies hierarchies, String path) {
  private static final Pattern PID = Pattern.compile("[1-9][0-9]{0,17}");
  private static final Pattern KILLS = Pattern.compile("oom_kill [0-9]{1,18}");
  private static final int LINKS_OF_ITS_OWN = 2;

  /** The folder in which a controller has it. */
  public Optional<Path> folder(String controller) {
    return place(controller).filter(Files::isDirectory);
  }

  private Optional<Path> place(String controller) {
    Path mount = hierarchies.one().get(controller);
    Optional<Path> found =
        mount != null
            ? Optional.of(Hierarchies.below(mount, path))
            : hierarchies.two().map(two -> Hierarchies.below(two, path));
    return path.isEmpty() ? Optional.empty() : found;
  }

  /**
   * The files that may have its processor time, the best first. Every group of version 2 counts it, whether there are controllers
   * or not, so also where systemd has those of version 1 and tracks processes by version 2.
   */
  List<Path> processorAccounts() {
    List<Path> all = new ArrayList<>();
    place("cpuacct").ifPresent(f -> all.add(f.resolve("cpuacct.usage")));
    if (!path.isEmpty()) {
      hierarchies.two().ifPresent(m -> all.add(Hierarchies.below(m, path).resolve("cpu.stat")));
    }
    return all;
  }

  /** The folder by which systemd keeps its processes together. */
  public Optional<Path> home() {
    if (path.isEmpty()) {
      return Optional.empty();
    }
    Optional<Path> two =
        hierarchies.two().map(m -> Hierarchies.below(m, path)).filter(Files::isDirectory);
    Path one = hierarchies.one().get("name=systemd");
    return two.isPresent() || one == null
        ? two
        : Optional.of(Hierarchies.below(one, path)).filter(Files::isDirectory);
  }

  /** A file's content; empty when there is no such file. */
  public Optional<String> read(String controller, String file) {
    return place(controller).flatMap(f -> text(f.resolve(file)));
  }

  static Optional<String> text(Path file) {
    try {
      return Optional.of(Files.readString(file).strip());
    } catch (IOException absent) {
      return Optional.empty();
    }
  }

  /** The processes in it and below it, as we number them. */
  public List<Long> processes() {
    List<Long> all = new ArrayList<>();
    Optional<Path> home = home();
    if (home.isEmpty()) {
      return all;
    }
    add(home.get(), all);
    if (!hasFolders(home.get())) {
      return all;
    }
    try {
      Files.walkFileTree(
          home.get(),
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes a) {
              if (!folder.equals(home.get())) {
                add(folder, all);
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException gone) {
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException gone) {
      return all;
    }
    return all;
  }

  private static void add(Path folder, List<Long> pids) {
    text(folder.resolve("cgroup.procs"))
        .ifPresent(
            t ->
                t.lines()
                    .filter(l -> PID.matcher(l).matches())
                    .forEach(l -> pids.add(Long.parseLong(l))));
  }

  /** The kernel counts the folders in one of its own as links to it: most units have none, and need no walk. */
  private static boolean hasFolders(Path folder) {
    try {
      return !(Files.getAttribute(folder, "unix:nlink") instanceof Integer links)
          || links > LINKS_OF_ITS_OWN;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException unknown) {
      return true;
    }
  }

  /** How often the kernel has killed in it for want of memory; 0 when that cannot be read. */
  public long outOfMemoryKills() {
    return read("memory", hierarchies.hasOne("memory") ? "memory.oom_control" : "memory.events")
        .flatMap(UnitGroup::kills)
        .orElse(0L);
  }

  private static Optional<Long> kills(String text) {
    return text.lines()
        .filter(l -> KILLS.matcher(l).matches())
        .map(l -> Long.parseLong(l.substring("oom_kill ".length())))
        .findFirst();
  }
}
