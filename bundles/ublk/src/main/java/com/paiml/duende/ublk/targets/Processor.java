package com.paiml.duende.ublk.targets;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What the processor can do that a native library asks for without looking. */
final class Processor {
  /**
   * lz4-java's library for x86-64 is compiled for these. Where one is missing it ends the whole process with SIGILL, or counts
   * zeros wrongly, which is worse.
   */
  private static final List<String> LZ4 = List.of("avx2", "bmi1", "bmi2", "abm", "movbe");

  private static final Path INFO = Path.of("/proc/cpuinfo");

  private Processor() {}

  /** Whether the native LZ4 may be called here. */
  static boolean runsNativeLz4() {
    try {
      return !System.getProperty("os.arch", "").equals("amd64")
          || runsNativeLz4(Files.readAllLines(INFO));
    } catch (IOException unreadable) {
      return false;
    }
  }

  /** As {@link #runsNativeLz4()}, of an x86-64 that is described so. */
  static boolean runsNativeLz4(List<String> info) {
    Optional<String> flags = info.stream().filter(line -> line.startsWith("flags")).findFirst();
    Set<String> has = Arrays.stream(flags.orElse("").split("[:\\s]+")).collect(Collectors.toSet());
    return has.containsAll(LZ4);
  }
}
