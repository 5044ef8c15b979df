package com.paiml.duende.survival;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What a JVM holds, when its garbage is gone.
 *
 * @param heapKiB of live objects
 * @param loaders of bundles
 * @param threads of the process
 * @param descriptors open ones
 * @param services registered in the framework
 * @param kinds of descriptors, each with how many there are
 */
record Vitals(
    long heapKiB,
    long loaders,
    long threads,
    long descriptors,
    long services,
    Map<String, Long> kinds) {
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
    Map<String, Long> kinds = kinds(Path.of("/proc/" + pid + "/fd"));
    return new Vitals(
        Long.parseLong(total.split("\\s+")[2]) / 1024,
        loaders,
        count(Path.of("/proc/" + pid + "/task")),
        kinds.values().stream().mapToLong(n -> n).sum(),
        services,
        kinds);
  }

  private static Map<String, Long> kinds(Path folder) throws IOException {
    Map<String, Long> kinds = new TreeMap<>();
    try (Stream<Path> all = Files.list(folder)) {
      for (Path descriptor : all.toList()) {
        // Numbers of sockets and pipes, and all digits in names: one kind.
        String kind = target(descriptor).replaceAll("\\d+", "N");
        long _ = kinds.merge(kind, 1L, Long::sum);
      }
    }
    return kinds;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      return "gone since it was listed";
    }
  }

  /** What there is more of than before, and how many more. */
  Map<String, Long> moreThan(Vitals before) {
    Map<String, Long> more = new TreeMap<>();
    kinds.forEach((kind, n) -> more.put(kind, n - before.kinds().getOrDefault(kind, 0L)));
    more.values().removeIf(n -> n <= 0);
    return more;
  }

  @Override
  public String toString() {
    return "heap "
        + heapKiB
        + " KiB, "
        + loaders
        + " class loaders, "
        + threads
        + " threads, "
        + descriptors
        + " descriptors, "
        + services
        + " services";
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
