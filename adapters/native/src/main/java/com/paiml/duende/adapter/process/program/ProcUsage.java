package com.paiml.duende.adapter.process.program;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Sums what proc(5) says about the processes of a tree. */
final class ProcUsage {
  // USER_HZ is 100 on every architecture that Linux has left, and part of the ABI of /proc
  // (times(2)).
  private static final long NANOS_PER_TICK = 10_000_000;

  /** Sums; figures that could not be read of any process are 0. */
  record Sum(
      long cpuNanos,
      long memoryBytes,
      long processes,
      long threads,
      long openFiles,
      long readBytes,
      long writeBytes,
      long voluntary,
      long involuntary) {
    static final Sum ZERO = new Sum(0, 0, 0, 0, 0, 0, 0, 0, 0);

    Sum plus(Sum o) {
      return new Sum(
          cpuNanos + o.cpuNanos,
          memoryBytes + o.memoryBytes,
          processes + o.processes,
          threads + o.threads,
          openFiles + o.openFiles,
          readBytes + o.readBytes,
          writeBytes + o.writeBytes,
          voluntary + o.voluntary,
          involuntary + o.involuntary);
    }
  }

  private ProcUsage() {}

  static Sum of(List<ProcessTable.Entry> processes) {
    Sum sum = Sum.ZERO;
    for (ProcessTable.Entry process : processes) {
      sum = sum.plus(of(Path.of("/proc", Integer.toString(process.pid()))));
    }
    return sum;
  }

  private static Sum of(Path proc) {
    try {
      String stat = text(proc.resolve("stat"));
      String[] field = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      // utime, stime, and those of children that were waited for
      long ticks = 0;
      for (int i = 11; i <= 14; i++) {
        ticks += Long.parseLong(field[i]);
      }
      String status = text(proc.resolve("status"));
      return new Sum(
          ticks * NANOS_PER_TICK,
          value(status, "VmRSS:") * 1024,
          1,
          Long.parseLong(field[17]),
          count(proc.resolve("fd")),
          value(optional(proc.resolve("io")), "read_bytes:"),
          value(optional(proc.resolve("io")), "write_bytes:"),
          value(status, "voluntary_ctxt_switches:"),
          value(status, "nonvoluntary_ctxt_switches:"));
    } catch (IOException gone) {
      return Sum.ZERO;
    }
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }

  private static String optional(Path file) {
    try {
      return text(file);
    } catch (IOException notOurs) {
      return "";
    }
  }

  private static long count(Path folder) {
    String[] names = folder.toFile().list();
    return names == null ? 0 : names.length;
  }

  private static long value(String text, String key) {
    for (String line : text.split("\n")) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.substring(key.length()).replace("kB", "").strip());
      }
    }
    return 0;
  }
}
