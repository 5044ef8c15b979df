package com.paiml.duende.adapter.systemd.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Files of /proc/PID, proc(5). Of a process that is gone they are empty. */
public final class ProcessFiles {
  private ProcessFiles() {}

  /** A line of {@code status}, without its name. */
  public static String status(long pid, String field) {
    return text(pid, "status")
        .lines()
        .filter(l -> l.startsWith(field + ":"))
        .map(l -> l.substring(field.length() + 1).strip())
        .findFirst()
        .orElse("");
  }

  /** The fields of {@code stat} after the name, which may have blanks in it: the first is the state, field 3. */
  static String[] stat(long pid) {
    String text = text(pid, "stat");
    int name = text.lastIndexOf(')');
    return name < 0 ? new String[0] : text.substring(name + 1).strip().split(" ");
  }

  /** Whether it is held by a stop signal. */
  public static boolean isStopped(long pid) {
    String[] stat = stat(pid);
    return stat.length > 0 && (stat[0].equals("T") || stat[0].equals("t"));
  }

  /** Whether it is dead, or gone. */
  public static boolean isDead(long pid) {
    String[] stat = stat(pid);
    return stat.length == 0 || stat[0].equals("Z") || stat[0].equals("X");
  }

  /** Whether it waits inside the kernel for what cannot be interrupted, such as the end of a vfork(2). */
  public static boolean waitsInKernel(long pid) {
    String[] stat = stat(pid);
    return stat.length > 0 && stat[0].equals("D");
  }

  static long descriptors(long pid) {
    try (Stream<Path> all = Files.list(Path.of("/proc", Long.toString(pid), "fd"))) {
      return all.count();
    } catch (IOException gone) {
      return 0;
    }
  }

  /** What it executes; empty when that cannot be known. */
  public static String program(long pid) {
    try {
      return Files.readSymbolicLink(Path.of("/proc", Long.toString(pid), "exe")).toString();
    } catch (IOException gone) {
      return "";
    }
  }

  /** The namespace of that kind that a process is in, by the name of its folder in /proc; empty when it may not be seen. */
  static String namespace(String process, String kind) {
    try {
      return Files.readSymbolicLink(Path.of("/proc", process, "ns", kind)).toString();
    } catch (IOException hidden) {
      return "";
    }
  }

  /** The names of the network interfaces that a process has, with blanks between; empty when they cannot be read. */
  static String interfaces(long pid) {
    return text(pid, "net/dev")
        .lines()
        .filter(l -> l.contains(":"))
        .map(l -> l.substring(0, l.indexOf(':')).strip())
        .sorted()
        .collect(Collectors.joining(" "));
  }

  /** Kind and options of what it has as its root, the last that was mounted there; proc_pid_mountinfo(5). */
  static String root(long pid) {
    return text(pid, "mountinfo")
        .lines()
        .map(l -> l.split(" - ", 2))
        .filter(l -> l.length == 2 && l[0].split(" ").length > 5 && l[0].split(" ")[4].equals("/"))
        .reduce((earlier, later) -> later)
        .map(l -> l[1].split(" ")[0] + " " + l[0].split(" ")[5])
        .orElse("");
  }

  /** The soft limit of that name in {@code limits}; empty when it cannot be read. */
  public static String limit(long pid, String name) {
    return text(pid, "limits")
        .lines()
        .filter(l -> l.startsWith(name))
        .map(l -> l.substring(name.length()).strip().split("\\s+")[0])
        .findFirst()
        .orElse("");
  }

  static String text(long pid, String file) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(pid), file));
    } catch (IOException gone) {
      return "";
    }
  }
}
