package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonMetrics.Snapshot;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.shell.text.Json;
import com.paiml.duende.shell.text.Sparkline;
import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.shell.text.Table;
import com.paiml.duende.shell.text.Table.Cell;
import com.paiml.duende.spi.MetricsExport.Interval;
import com.paiml.duende.spi.UsageSample;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende metrics}. */
@Component(service = Metrics.class)
@GogoCommand(scope = "duende", function = "metrics")
public final class Metrics {
  private static final int TREND = 20;
  private static final int RATE = 12;

  private final Supervision supervision;
  private final Exporting exporting;

  @Activate
  public Metrics(@Reference Supervision supervision, @Reference Exporting exporting) {
    this.supervision = supervision;
    this.exporting = exporting;
  }

  private record Figures(
      DaemonInfo daemon,
      Optional<UsageSample> usage,
      Optional<Snapshot> own,
      List<Interval> history,
      String problem) {}

  @Descriptor(
      "Shows what daemons use and what they count. Processor time since the run began, memory,"
          + " descriptors and threads of the whole tree of processes; and of daemons that count"
          + " them: requests, errors, durations, and figures of their own. RATE is requests per"
          + " second in the last minute, TREND the last minutes; they are recorded from the first"
          + " call on, while somebody asks. All of it for other programs: as Prometheus text, over"
          + " HTTP on this machine, and to an OTLP collector; what is turned on here lasts until"
          + " the container stops, etc/container.properties makes it stay.")
  public Answer metrics(
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("everything, with the JVM and the manager, as Prometheus text")
          @Parameter(
              names = {"--prometheus"},
              presentValue = "true",
              absentValue = "false")
          boolean prometheus,
      @Descriptor("answer Prometheus at http://127.0.0.1:PORT/metrics; off ends it")
          @Parameter(
              names = {"--serve"},
              absentValue = "")
          String port,
      @Descriptor("send to an OTLP collector, such as http://127.0.0.1:4318; off ends it")
          @Parameter(
              names = {"--push"},
              absentValue = "")
          String url,
      @Descriptor("time between batches to the collector")
          @Parameter(
              names = {"--every"},
              absentValue = "15s")
          Duration duration,
      @Descriptor("what is served and sent, and how it goes")
          @Parameter(
              names = {"--export"},
              presentValue = "true",
              absentValue = "false")
          boolean export,
      @Descriptor("these only; otherwise all that are active") String... name)
      throws DaemonException {
    if (prometheus) {
      String text = exporting.service().prometheus();
      return style -> text;
    }
    if (export || !port.isEmpty() || !url.isEmpty()) {
      return exporting.change(port, url, duration, json);
    }
    List<Figures> figures = new ArrayList<>();
    for (DaemonInfo daemon : supervision.select(name)) {
      if (name.length > 0 || daemon.status().isActive()) {
        figures.add(read(daemon));
      }
    }
    return json ? json(figures) : table(figures);
  }

  private Figures read(DaemonInfo daemon) throws DaemonException {
    Optional<UsageSample> usage = Optional.empty();
    Optional<Snapshot> own = Optional.empty();
    String problem = "";
    try {
      usage = Optional.of(supervision.manager().usage(daemon.name()));
    } catch (DaemonException e) {
      problem = e.problem();
    }
    try {
      own = supervision.manager().metrics(daemon.name());
    } catch (DaemonException e) {
      problem = e.problem();
    }
    List<Interval> history =
        own.isPresent()
            ? exporting.find().map(e -> e.history(daemon.name())).orElse(List.of())
            : List.of();
    return new Figures(daemon, usage, own, history, problem);
  }

  private static Answer table(List<Figures> all) {
    Table table =
        new Table(
            "NAME",
            "UPTIME",
            "CPU",
            "MEMORY",
            "PROCS",
            "THREADS",
            "FILES",
            "REQUESTS",
            "RATE",
            "TREND",
            "ERRORS",
            "P50",
            "P99",
            "MAX",
            "OWN");
    Instant now = Instant.now();
    for (Figures f : all) {
      table.row(
          Cell.of(f.daemon().name(), Tone.STRONG),
          Cell.number(uptime(f.daemon(), now)),
          Cell.number(f.usage().map(u -> cpu(u.cpuNanos())).orElse("-")),
          Cell.number(f.usage().map(u -> Human.bytes(u.memoryBytes())).orElse("-")),
          Cell.number(f.usage().map(u -> Human.count(u.processes())).orElse("-")),
          Cell.number(f.usage().map(u -> Human.count(u.threads())).orElse("-")),
          Cell.number(f.usage().map(u -> Human.count(u.openFiles())).orElse("-")),
          Cell.number(f.own().map(s -> Long.toString(s.requests())).orElse("-")),
          Cell.number(rate(f.history())),
          Cell.of(trend(f.history())),
          Cell.number(f.own().map(s -> Long.toString(s.errors())).orElse("-")),
          Cell.number(f.own().map(s -> millis(s, s.percentile(0.5))).orElse("-")),
          Cell.number(f.own().map(s -> millis(s, s.percentile(0.99))).orElse("-")),
          Cell.number(f.own().map(s -> millis(s, Duration.ofNanos(s.maxNanos()))).orElse("-")),
          Cell.of(f.own().map(Metrics::custom).orElse(f.problem())));
    }
    return table;
  }

  /** Per second in the last minute; "-" before there is an interval. */
  private static String rate(List<Interval> history) {
    List<Interval> last = history.subList(Math.max(0, history.size() - RATE), history.size());
    double seconds = last.stream().mapToDouble(i -> i.length().toNanos() / 1e9).sum();
    double requests = last.stream().mapToLong(Interval::requests).sum();
    return seconds <= 0 ? "-" : String.format(Locale.ROOT, "%.1f/s", requests / seconds);
  }

  private static String trend(List<Interval> history) {
    return history.isEmpty()
        ? "-"
        : Sparkline.of(history.stream().mapToDouble(Interval::rate).toArray(), TREND);
  }

  private static String uptime(DaemonInfo daemon, Instant now) {
    return daemon.status().isActive()
        ? daemon.startedAt().map(t -> Human.since(t, now)).orElse("-")
        : "-";
  }

  private static String cpu(long nanos) {
    return nanos < 0 ? "?" : Human.duration(Duration.ofNanos(nanos));
  }

  private static String millis(Snapshot s, Duration duration) {
    return s.durations() == 0
        ? "-"
        : String.format(Locale.ROOT, "%.3gms", duration.toNanos() / 1e6);
  }

  private static String custom(Snapshot s) {
    StringBuilder out = new StringBuilder();
    new TreeMap<>(s.custom())
        .forEach(
            (name, value) ->
                out.append(out.isEmpty() ? "" : " ")
                    .append(name)
                    .append('=')
                    .append(Json.of(value)));
    return out.toString();
  }

  private static Answer json(List<Figures> all) {
    return Json.of(
        all.stream()
            .map(
                f ->
                    Json.object()
                        .put("name", f.daemon().name())
                        .put("started_at", f.daemon().startedAt())
                        .put("restarts", f.daemon().restarts())
                        .put("usage", f.usage().map(Metrics::usage))
                        .put("own", f.own().map(Metrics::own))
                        .put("history", f.history().stream().map(Metrics::interval).toList())
                        .put("problem", f.problem().isEmpty() ? null : f.problem()))
            .toList());
  }

  private static Json usage(UsageSample u) {
    return Json.object()
        .put("time", u.time())
        .put("cpu_seconds", u.cpuNanos() < 0 ? null : u.cpuNanos() / 1e9)
        .put("memory_bytes", known(u.memoryBytes()))
        .put("processes", known(u.processes()))
        .put("threads", known(u.threads()))
        .put("open_files", known(u.openFiles()))
        .put("read_bytes", known(u.readBytes()))
        .put("write_bytes", known(u.writeBytes()))
        .put("network_received_bytes", known(u.networkReceivedBytes()))
        .put("network_sent_bytes", known(u.networkSentBytes()))
        .put("voluntary_switches", known(u.voluntarySwitches()))
        .put("involuntary_switches", known(u.involuntarySwitches()))
        .put("disk_bytes", known(u.diskBytes()))
        .put("oom_kills", known(u.oomKills()));
  }

  private static Optional<Long> known(long value) {
    return value < 0 ? Optional.empty() : Optional.of(value);
  }

  private static Json interval(Interval i) {
    return Json.object()
        .put("end", i.end())
        .put("length", i.length())
        .put("requests", i.requests())
        .put("errors", i.errors())
        .put("p50", i.p50())
        .put("p99", i.p99())
        .put("max", i.max());
  }

  private static Json own(Snapshot s) {
    return Json.object()
        .put("requests", s.requests())
        .put("errors", s.errors())
        .put("error_rate", s.errorRate())
        .put("durations", s.durations())
        .put("average", s.average())
        .put("p50", s.percentile(0.5))
        .put("p90", s.percentile(0.9))
        .put("p99", s.percentile(0.99))
        .put("p999", s.percentile(0.999))
        .put("max", Duration.ofNanos(s.maxNanos()))
        .put("breaker_trips", s.breakerTrips())
        .put("recoveries", s.recoveries())
        .put("custom", new TreeMap<>(s.custom()));
  }
}
