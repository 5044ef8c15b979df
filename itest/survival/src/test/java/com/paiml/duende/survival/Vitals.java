package com.paiml.duende.survival;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a JVM holds, when its garbage is gone.
 *
 * @param heapKiB of live objects
 * @param loaders of bundles
 * @param threads of the process
 * @param descriptors open ones
 * @param services registered in the framework
 */
record Vitals(long heapKiB, long loaders, long threads, long descriptors, long services) {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** @param services how many the framework has, which only the framework can tell */
  static Vitals of(long pid, long services) throws Exception {
    // Weak references of references: what one collection lets go of, the next one frees.
    for (int i = 0; i < 3; i++) {
      String _ = jcmd(pid, "GC.run");
    }
    String histogram = jcmd(pid, "GC.class_histogram");
    String total = histogram.lines().filter(l -> l.startsWith("Total")).findFirst().orElseThrow();
    long loaders =
        histogram
            .lines()
            .filter(l -> l.contains("BundleWiringImpl$BundleClassLoader"))
            .mapToLong(l -> Long.parseLong(l.strip().split("\\s+")[1]))
            .sum();
    return new Vitals(
        Long.parseLong(total.split("\\s+")[2]) / 1024,
        loaders,
        count(Path.of("/proc/" + pid + "/task")),
        count(Path.of("/proc/" + pid + "/fd")),
        services);
  }

  private static String jcmd(long pid, String command) throws Exception {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    if (!Files.isExecutable(jcmd)) {
      throw new Missing("jcmd is not in " + jcmd.getParent());
    }
    Command.Result result =
        Command.run(PATIENCE, List.of(jcmd.toString(), Long.toString(pid), command));
    if (!result.ok()) {
      throw new IOException("jcmd " + command + ": " + result.output());
    }
    return result.output();
  }

  private static long count(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.count();
    }
  }
}
