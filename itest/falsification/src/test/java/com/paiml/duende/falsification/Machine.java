package com.paiml.duende.falsification;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The machine, as far as figures depend on it. */
final class Machine {
  private Machine() {}

  static String here() {
    return cpu()
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " cores, "
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.version")
        + ", Java "
        + Runtime.version().feature();
  }

  /** How many processes wanted a processor, on average of the last 15 minutes: figures of a busy machine are no others'. */
  static String load() {
    try {
      return Files.readString(Path.of("/proc/loadavg")).split(" ")[2];
    } catch (IOException e) {
      return "not known";
    }
  }

  private static String cpu() {
    try {
      return Files.readString(Path.of("/proc/cpuinfo"))
          .lines()
          .filter(l -> l.startsWith("model name"))
          .map(l -> l.substring(l.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      return System.getProperty("os.arch");
    }
  }
}
