package com.paiml.duende.metrics.figure;

import com.paiml.duende.api.DaemonMetrics.Snapshot;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.metrics.figure.Family.Kind;
import com.paiml.duende.metrics.figure.Readings.Reading;
import com.paiml.duende.spi.UsageSample;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Daemons as metrics. Names of processes are those of OpenTelemetry's semantic conventions (system/process-metrics, 1.45);
 * one process there is the whole tree of a daemon here.
 */
final class DaemonFigures {
  static final String DAEMON = "duende.daemon";
  static final String PLATFORM = "duende.platform";

  private final Families families;
  private final Instant now;

  DaemonFigures(Families families, Instant now) {
    this.families = families;
    this.now = now;
  }

  void add(DaemonInfo daemon, @Nullable Reading reading) {
    Map<String, String> labels = Map.of(DAEMON, daemon.name(), PLATFORM, daemon.platform());
    Instant start = daemon.startedAt().orElse(daemon.since());
    life(daemon, labels, start);
    if (reading != null) {
      reading.usage().ifPresent(usage -> usage(usage, labels, start));
      reading.own().ifPresent(own -> red(own, labels, start));
    }
  }

  private void life(DaemonInfo daemon, Map<String, String> labels, Instant start) {
    boolean running = daemon.status().state() == DaemonStatus.State.RUNNING;
    gauge("duende.daemon.up", "Whether it runs", labels, start, running ? 1 : 0);
    gauge("duende.daemon.ready", "Whether it is ready", labels, start, daemon.ready() ? 1 : 0);
    gauge(
        "duende.daemon.failed",
        "Whether it has failed and is not started again",
        labels,
        start,
        daemon.status().state() == DaemonStatus.State.FAILED ? 1 : 0);
    counter(
        "duende.daemon.restarts",
        "{restart}",
        "How often it was started again since it was deployed",
        labels,
        start,
        (double) daemon.restarts());
    daemon
        .health()
        .ifPresent(
            health ->
                gauge(
                    "duende.daemon.health.score",
                    "Its health as it was last checked, 0 to 5",
                    labels,
                    start,
                    health.score()));
    if (daemon.status().isActive()) {
      families.add(
          "process.uptime",
          Kind.GAUGE,
          "s",
          "Time since the run began",
          labels,
          start,
          Math.max(0, Duration.between(start, now).toNanos() / 1e9));
    }
  }

  private void usage(UsageSample u, Map<String, String> labels, Instant start) {
    if (u.cpuNanos() >= 0) {
      counter("process.cpu.time", "s", "Processor time used", labels, start, u.cpuNanos() / 1e9);
    }
    level("process.memory.usage", "By", "Resident memory", labels, start, u.memoryBytes());
    String disk = "Bytes read from storage and written to it";
    count(
        "process.disk.io",
        "By",
        disk,
        with(labels, "disk.io.direction", "read"),
        start,
        u.readBytes());
    count(
        "process.disk.io",
        "By",
        disk,
        with(labels, "disk.io.direction", "write"),
        start,
        u.writeBytes());
    String network = "Bytes received and sent";
    count(
        "process.network.io",
        "By",
        network,
        with(labels, "network.io.direction", "receive"),
        start,
        u.networkReceivedBytes());
    count(
        "process.network.io",
        "By",
        network,
        with(labels, "network.io.direction", "transmit"),
        start,
        u.networkSentBytes());
    level("process.thread.count", "{thread}", "Threads", labels, start, u.threads());
    level(
        "process.unix.file_descriptor.count",
        "{file_descriptor}",
        "Open descriptors",
        labels,
        start,
        u.openFiles());
    String switches = "Context switches by waiting and by being preempted";
    count(
        "process.context_switches",
        "{context_switch}",
        switches,
        with(labels, "process.context_switch.type", "voluntary"),
        start,
        u.voluntarySwitches());
    count(
        "process.context_switches",
        "{context_switch}",
        switches,
        with(labels, "process.context_switch.type", "involuntary"),
        start,
        u.involuntarySwitches());
    level(
        "duende.daemon.processes",
        "{process}",
        "Processes of its tree",
        labels,
        start,
        u.processes());
    level(
        "duende.daemon.disk.usage",
        "By",
        "Its own space: state and log",
        labels,
        start,
        u.diskBytes());
    count(
        "duende.daemon.oom_kills",
        "{kill}",
        "Kills by the kernel for want of memory",
        labels,
        start,
        u.oomKills());
  }

  private void red(Snapshot s, Map<String, String> labels, Instant start) {
    counter(
        "duende.daemon.requests",
        "{request}",
        "Requests that it counted",
        labels,
        start,
        (double) s.requests());
    counter(
        "duende.daemon.errors",
        "{error}",
        "Errors that it counted",
        labels,
        start,
        (double) s.errors());
    counter(
        "duende.daemon.breaker.trips",
        "{trip}",
        "Trips of its circuit breakers",
        labels,
        start,
        (double) s.breakerTrips());
    counter(
        "duende.daemon.recoveries",
        "{recovery}",
        "Faults that it recovered from",
        labels,
        start,
        (double) s.recoveries());
    if (s.durations() > 0) {
      families.add(
          "duende.daemon.request.duration",
          "s",
          "How long requests took",
          labels,
          start,
          Distribution.of(s));
    }
    new TreeMap<>(s.custom()).forEach((name, value) -> custom(name, value, labels, start));
  }

  /** A figure of the daemon's own: one that ends in {@code _total} counts, as Prometheus has it; others go up and down. */
  private void custom(String name, double value, Map<String, String> labels, Instant start) {
    boolean counts = name.toLowerCase(Locale.ROOT).endsWith("_total") && value >= 0;
    String base = counts ? name.substring(0, name.length() - "_total".length()) : name;
    if (base.isEmpty()) {
      return;
    }
    families.add(
        "duende.custom." + base,
        counts ? Kind.COUNTER : Kind.GAUGE,
        "",
        "A figure of the daemon's own",
        labels,
        start,
        value);
  }

  private void gauge(
      String name, String help, Map<String, String> labels, Instant start, double value) {
    families.add(name, Kind.GAUGE, "", help, labels, start, value);
  }

  private void counter(
      String name,
      String unit,
      String help,
      Map<String, String> labels,
      Instant start,
      double value) {
    families.add(name, Kind.COUNTER, unit, help, labels, start, value);
  }

  /** A count that the platform may not give. */
  private void count(
      String name,
      String unit,
      String help,
      Map<String, String> labels,
      Instant start,
      long value) {
    if (value >= 0) {
      families.add(name, Kind.COUNTER, unit, help, labels, start, (double) value);
    }
  }

  private void level(
      String name,
      String unit,
      String help,
      Map<String, String> labels,
      Instant start,
      long value) {
    if (value >= 0) {
      families.add(name, Kind.UP_DOWN_COUNTER, unit, help, labels, start, (double) value);
    }
  }

  private static Map<String, String> with(Map<String, String> labels, String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(labels);
    more.put(name, value);
    return Map.copyOf(more);
  }
}
