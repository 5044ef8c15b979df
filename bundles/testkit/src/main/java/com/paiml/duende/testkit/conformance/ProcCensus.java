package com.paiml.duende.testkit.conformance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Finds processes by their environment, /proc/PID/environ of proc(5): also those in other namespaces, sessions, groups. */
public final class ProcCensus implements Census {
  private static final Path PROC = Path.of("/proc");

  @Override
  public int alive(String marker) throws IOException {
    return pids(marker).size();
  }

  /** The processes of this run. */
  public Set<Long> pids(String marker) throws IOException {
    String wanted = VARIABLE + "=" + marker;
    Set<Long> found = new TreeSet<>();
    for (Path process : processes()) {
      if (environment(process).contains(wanted)) {
        found.add(Long.parseLong(process.getFileName().toString()));
      }
    }
    return found;
  }

  @Override
  public void end(String marker) throws Exception {
    // A process may fork while it is being looked for: once more until there is none.
    for (int round = 0; round < 100; round++) {
      Set<Long> pids = pids(marker);
      if (pids.isEmpty()) {
        return;
      }
      for (long pid : pids) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
      }
      Thread.sleep(20);
    }
    throw new IllegalStateException("processes of a test survive KILL: " + pids(marker));
  }

  private static List<Path> processes() throws IOException {
    try (Stream<Path> all = Files.list(PROC)) {
      return all.filter(p -> p.getFileName().toString().matches("[0-9]+")).toList();
    }
  }

  private static List<String> environment(Path process) {
    try {
      // Of a zombie this file is empty.
      byte[] bytes = Files.readAllBytes(process.resolve("environ"));
      return List.of(new String(bytes, StandardCharsets.UTF_8).split("\0"));
    } catch (IOException e) {
      // Gone since it was listed, or somebody else's.
      return new ArrayList<>();
    }
  }
}
