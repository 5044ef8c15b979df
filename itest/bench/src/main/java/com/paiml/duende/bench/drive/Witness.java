package com.paiml.duende.bench.drive;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What runs, by the kernel's word alone: the processes that have the container's mark in their environment, whatever their
 * namespaces, told apart by the variable {@link #WHO} there; and the monitors of the container's machines.
 */
public final class Witness {
  /** The variable that has the daemon's name. */
  public static final String WHO = "SURVIVAL_DAEMON";

  private record Seen(String who, long parent) {}

  // What people are shown of a daemon's machine, pepita(1): duende-vm-INSTANCE-DAEMON.
  private static final Pattern MACHINE = Pattern.compile("duende-vm-([0-9a-f]{8})-([^,\0]+)");

  private final String mark;
  private final Path instance;

  /** @param container whose programs are meant */
  public Witness(Installed container) {
    mark = container.mark();
    instance = container.data().resolve("instance");
  }

  /** Daemon to its main processes: those whose parent is none of the same daemon. Not in one instant; what ends meanwhile is left out. */
  public Map<String, List<Long>> mains() throws IOException {
    Map<Long, Seen> seen = new HashMap<>();
    List<Path> all;
    try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
      all = processes.filter(p -> Character.isDigit(p.getFileName().toString().charAt(0))).toList();
    }
    for (Path process : all) {
      look(process).ifPresent(s -> seen.put(Long.parseLong(process.getFileName().toString()), s));
    }
    Map<String, List<Long>> mains = new HashMap<>();
    seen.forEach(
        (pid, s) -> {
          Seen parent = seen.get(s.parent());
          if (parent == null || !parent.who().equals(s.who())) {
            mains.computeIfAbsent(s.who(), w -> new ArrayList<>()).add(pid);
          }
        });
    return mains;
  }

  /** The monitor of a machine has not the environment of the daemon in it, and is called after it. */
  private Optional<Seen> machine(Path process) throws IOException {
    if (!Files.readString(process.resolve("comm")).startsWith("qemu") || !Files.exists(instance)) {
      return Optional.empty();
    }
    Matcher name =
        MACHINE.matcher(Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1));
    return name.find() && name.group(1).equals(Files.readString(instance).strip())
        ? Optional.of(new Seen(name.group(2), 0))
        : Optional.empty();
  }

  private Optional<Seen> look(Path process) {
    try {
      // Of a zombie this file is empty.
      String environment =
          new String(Files.readAllBytes(process.resolve("environ")), StandardCharsets.UTF_8);
      if (!environment.contains(mark)) {
        return machine(process);
      }
      String stat = Files.readString(process.resolve("stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", 3);
      return Stream.of(environment.split("\0"))
          .filter(v -> v.startsWith(WHO + "="))
          .map(v -> new Seen(v.substring(WHO.length() + 1), Long.parseLong(fields[1])))
          .findFirst();
    } catch (IOException e) {
      // Gone since it was listed.
      return Optional.empty();
    }
  }
}
