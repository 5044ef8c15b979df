package com.paiml.duende.metrics.figure;

import com.paiml.duende.metrics.figure.Family.Kind;
import java.io.IOException;
import java.lang.management.ClassLoadingMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.lang.management.OperatingSystemMXBean;
import java.lang.management.RuntimeMXBean;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;

/** The container's own JVM, by OpenTelemetry's semantic conventions (runtime/jvm-metrics, stable). */
final class JvmFigures {
  private static final Path STATUS = Path.of("/proc/self/status");

  private final Families families;
  private final Instant start;

  JvmFigures(Families families) {
    this.families = families;
    this.start = Instant.ofEpochMilli(ManagementFactory.getRuntimeMXBean().getStartTime());
  }

  void add() {
    memory();
    collectors();
    threads();
    ClassLoadingMXBean classes = ManagementFactory.getClassLoadingMXBean();
    add(
        "jvm.class.loaded",
        Kind.COUNTER,
        "{class}",
        "Classes loaded",
        (double) classes.getTotalLoadedClassCount());
    add(
        "jvm.class.unloaded",
        Kind.COUNTER,
        "{class}",
        "Classes unloaded",
        (double) classes.getUnloadedClassCount());
    add(
        "jvm.class.count",
        Kind.UP_DOWN_COUNTER,
        "{class}",
        "Classes loaded now",
        classes.getLoadedClassCount());
    OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
    add(
        "jvm.cpu.count",
        Kind.UP_DOWN_COUNTER,
        "{cpu}",
        "Processors that the JVM may use",
        system.getAvailableProcessors());
    if (system instanceof com.sun.management.OperatingSystemMXBean more) {
      if (more.getProcessCpuTime() >= 0) {
        add(
            "jvm.cpu.time",
            Kind.COUNTER,
            "s",
            "Processor time of the container",
            more.getProcessCpuTime() / 1e9);
      }
      if (more.getProcessCpuLoad() >= 0) {
        add(
            "jvm.cpu.recent_utilization",
            Kind.GAUGE,
            "1",
            "Share of all processors that the container used lately",
            more.getProcessCpuLoad());
      }
    }
    RuntimeMXBean runtime = ManagementFactory.getRuntimeMXBean();
    add(
        "duende.container.uptime",
        Kind.GAUGE,
        "s",
        "Time since the container began",
        runtime.getUptime() / 1e3);
    residentKib()
        .ifPresent(
            kib ->
                add(
                    "duende.container.memory.usage",
                    Kind.UP_DOWN_COUNTER,
                    "By",
                    "Resident memory of the container",
                    kib * 1024.0));
  }

  private void memory() {
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      Map<String, String> labels =
          Map.of(
              "jvm.memory.type",
              pool.getType() == MemoryType.HEAP ? "heap" : "non_heap",
              "jvm.memory.pool.name",
              pool.getName());
      MemoryUsage usage = pool.getUsage();
      if (usage == null) {
        continue;
      }
      families.add(
          "jvm.memory.used",
          Kind.UP_DOWN_COUNTER,
          "By",
          "Memory used",
          labels,
          start,
          (double) usage.getUsed());
      families.add(
          "jvm.memory.committed",
          Kind.UP_DOWN_COUNTER,
          "By",
          "Memory committed",
          labels,
          start,
          (double) usage.getCommitted());
      if (usage.getMax() >= 0) {
        families.add(
            "jvm.memory.limit",
            Kind.UP_DOWN_COUNTER,
            "By",
            "Most memory obtainable",
            labels,
            start,
            (double) usage.getMax());
      }
    }
  }

  private void collectors() {
    for (GarbageCollectorMXBean gc : ManagementFactory.getGarbageCollectorMXBeans()) {
      if (gc.getCollectionCount() >= 0) {
        families.add(
            "jvm.gc.duration",
            "s",
            "Garbage collections",
            Map.of("jvm.gc.name", gc.getName()),
            start,
            Distribution.of(gc.getCollectionCount(), gc.getCollectionTime() / 1e3));
      }
    }
  }

  private void threads() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    int daemons = threads.getDaemonThreadCount();
    String help = "Platform threads";
    families.add(
        "jvm.thread.count",
        Kind.UP_DOWN_COUNTER,
        "{thread}",
        help,
        Map.of("jvm.thread.daemon", "true"),
        start,
        daemons);
    families.add(
        "jvm.thread.count",
        Kind.UP_DOWN_COUNTER,
        "{thread}",
        help,
        Map.of("jvm.thread.daemon", "false"),
        start,
        Math.max(0, threads.getThreadCount() - daemons));
  }

  /** VmRSS of proc_pid_status(5); empty where there is no such file. */
  private static java.util.OptionalLong residentKib() {
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst();
    } catch (IOException e) {
      return java.util.OptionalLong.empty();
    }
  }

  private void add(String name, Kind kind, String unit, String help, double value) {
    families.add(name, kind, unit, help, Map.of(), start, value);
  }
}
