package com.paiml.duende.observe.monitor;

import com.paiml.duende.spi.UsageMonitor.Pressure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the kernel tells of the whole machine: Documentation/accounting/psi.rst, proc_meminfo(5). */
final class SystemFigures {
  private static final Pattern PRESSURE = Pattern.compile("^(some|full) avg10=([0-9.]+) .*");

  private SystemFigures() {}

  static List<Pressure> pressure(Path folder) {
    List<Pressure> all = new ArrayList<>();
    for (String resource : List.of("cpu", "memory", "io")) {
      try {
        double some = 0;
        double full = 0;
        for (String line : Files.readAllLines(folder.resolve(resource))) {
          Matcher found = PRESSURE.matcher(line);
          if (found.matches()) {
            double value = Double.parseDouble(found.group(2));
            if (found.group(1).equals("some")) {
              some = value;
            } else {
              full = value;
            }
          }
        }
        all.add(new Pressure(resource, some, full));
      } catch (IOException notInThisKernel) {
        return List.copyOf(all);
      }
    }
    return List.copyOf(all);
  }

  /** Bytes; 0 where the kernel does not say. */
  static long memory() {
    try {
      String text = "\n" + Files.readString(Path.of("/proc/meminfo"));
      return 1024 * Member.number(text.replaceAll(": +", ": "), "\nMemTotal: ");
    } catch (IOException notLinux) {
      return 0;
    }
  }
}
