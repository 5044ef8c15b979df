package com.paiml.duende.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;

/** Programs of this machine, and what the kernel says of processes. */
final class Programs {
  private Programs() {}

  /** On the path, and where system programs are. */
  static Optional<Path> find(String name) {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin";
    return Arrays.stream(path.split(":"))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  static String command(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** {@code VmRSS} of proc_pid_status(5), MiB. */
  static double rss(long pid) throws IOException {
    return kib(Path.of("/proc/" + pid + "/status"), "VmRSS:") / 1024.0;
  }

  /** The proportional share of these processes, smaps_rollup of proc(5), MiB. */
  static double pss(Collection<Long> pids) {
    double sum = 0;
    for (long pid : pids) {
      try {
        sum += kib(Path.of("/proc/" + pid + "/smaps_rollup"), "Pss:") / 1024.0;
      } catch (IOException e) {
        // It has ended: it takes nothing.
        sum += 0;
      }
    }
    return sum;
  }

  private static long kib(Path file, String key) throws IOException {
    return Files.readString(file)
        .lines()
        .filter(l -> l.startsWith(key))
        .mapToLong(l -> Long.parseLong(l.replaceAll("\\D+", "")))
        .findFirst()
        .orElse(0);
  }

  /** Processor time of a process, seconds. */
  static double cpu(long pid) {
    return ProcessHandle.of(pid)
        .flatMap(p -> p.info().totalCpuDuration())
        .map(d -> d.toNanos() / 1e9)
        .orElse(0.0);
  }
}
