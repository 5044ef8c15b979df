package com.paiml.duende.adapter.process.program;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What tells a process from every other that had or will have its number. Linux counts its beginning from the boot, proc_pid_stat(5);
 * the time of day that the JDK makes of that is another one in each JVM that begins after the clock was set.
 */
final class Birth {
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");

  /** Of the fields after the name, of which the first is the third of all. */
  private static final int START_TIME = 22 - 3;

  private Birth() {}

  /** Empty where nobody knows. */
  static String of(ProcessHandle process) {
    return sinceBoot(process.pid()).orElseGet(() -> byClock(process));
  }

  /** Whether this one's is what {@link #of} said then; handles of older containers have it by the clock. */
  static boolean is(ProcessHandle process, String then) {
    return then.equals(of(process)) || then.equals(byClock(process));
  }

  private static String byClock(ProcessHandle process) {
    return process.info().startInstant().map(i -> Long.toString(i.toEpochMilli())).orElse("");
  }

  private static Optional<String> sinceBoot(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return Optional.of(fields[START_TIME] + " of boot " + Files.readString(BOOT).strip());
    } catch (IOException | IndexOutOfBoundsException otherSystem) {
      return Optional.empty();
    }
  }
}
