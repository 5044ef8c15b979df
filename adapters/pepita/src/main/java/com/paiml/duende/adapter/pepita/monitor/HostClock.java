package com.paiml.duende.adapter.pepita.monitor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The rate of this machine's time stamp counter, as /proc/cpuinfo says it. */
final class HostClock {
  private static final Pattern MEGAHERTZ =
      Pattern.compile("^cpu MHz\\s*: ([0-9]+)\\.?", Pattern.MULTILINE);
  private static final long USUAL = 2_500_000;

  private HostClock() {}

  static long kiloHertz() {
    try {
      Matcher found = MEGAHERTZ.matcher(Files.readString(Path.of("/proc/cpuinfo")));
      return found.find() ? Long.parseLong(found.group(1)) * 1000 : USUAL;
    } catch (IOException e) {
      return USUAL;
    }
  }
}
