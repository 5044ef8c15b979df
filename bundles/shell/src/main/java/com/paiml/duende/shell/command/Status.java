package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.shell.call.UsageException;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.shell.text.Json;
import com.paiml.duende.shell.text.Sheet;
import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.shell.text.Table;
import com.paiml.duende.shell.text.Table.Cell;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.PlatformStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende status}. */
@Component(service = Status.class)
@GogoCommand(scope = "duende", function = "status")
public final class Status {
  private final Supervision supervision;
  private final ContainerStatus container;

  @Activate
  public Status(@Reference Supervision supervision, @Reference ContainerStatus container) {
    this.supervision = supervision;
    this.container = container;
  }

  @Descriptor(
      "Shows everything about daemons, or about the container. Of a daemon: state, run,"
          + " configuration, the limits that are in force as the platform reads them back, what its"
          + " probes cost, and its last events. Without a name: the container.")
  public Answer status(
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("events to show, at most 50")
          @Parameter(
              names = {"-n", "--events"},
              absentValue = "10")
          int events,
      @Descriptor("daemons") String... name)
      throws DaemonException {
    if (events < 0) {
      throw new UsageException("--events: '" + events + "' is below 0");
    }
    if (name.length == 0) {
      return json ? container.json() : container.sheet();
    }
    List<DaemonDetails> all = new ArrayList<>();
    for (DaemonInfo daemon : supervision.select(name)) {
      all.add(supervision.manager().describe(daemon.name()));
    }
    if (json) {
      return Json.of(all.stream().map(d -> json(d, events)).toList());
    }
    Sheet sheet = new Sheet();
    all.forEach(d -> add(sheet, d, events));
    return sheet;
  }

  private static void add(Sheet sheet, DaemonDetails d, int events) {
    DaemonInfo info = d.info();
    DaemonConfig config = d.config();
    Instant now = Instant.now();
    sheet
        .title(info.name(), config.description())
        .line(
            "state",
            info.status()
                + (info.ready() ? ", ready" : "")
                + ", for "
                + Human.since(info.since(), now),
            Tones.of(info.status().state()))
        .line("doing", info.activity())
        .line("says", d.platform().map(PlatformStatus::statusText).orElse(""))
        .line("pid", info.pid().isPresent() ? Long.toString(info.pid().getAsLong()) : "")
        .line(
            "started",
            info.startedAt()
                .map(t -> Human.time(t) + " (run " + info.generation() + ")")
                .orElse("never"))
        .line("restarts", Long.toString(info.restarts()))
        .line("last exit", info.lastExit().map(ExitReason::describe).orElse(""))
        .line(
            "health",
            info.health()
                .map(h -> Human.word(h.state()) + ", score " + h.score() + "/5")
                .orElse(config.healthCheck().enabled() ? "not asked yet" : "not checked"),
            info.health().map(h -> Tones.of(h.state())).orElse(Tone.PLAIN))
        .line("probes", probes(d.probes()))
        .line("platform", info.platform() + (info.adapterPresent() ? "" : " (its adapter is gone)"))
        .line("runs", what(config))
        .line("version", info.version())
        .line("id", info.id().toString())
        .line("origin", d.origin())
        .line("restart", restart(config))
        .line("shutdown", shutdown(config))
        .line("user", config.user() + (config.group().isEmpty() ? "" : ":" + config.group()))
        .line("after", String.join(", ", config.depends().after()))
        .line("requires", String.join(", ", config.depends().requires()))
        .line("wants", String.join(", ", config.depends().wants()))
        .line("group", config.depends().group())
        .line("state directory", d.stateDirectory().toString());
    d.platform().ifPresent(p -> p.details().forEach(sheet::line));
    d.platform()
        .filter(p -> !p.limits().isEmpty())
        .ifPresent(p -> sheet.block("limits", limits(p.limits())));
    List<DaemonEvent> last = last(d.events(), events);
    if (!last.isEmpty()) {
      sheet.block("events", events(last));
    }
  }

  private static String what(DaemonConfig config) {
    String what =
        switch (config.what()) {
          case What.Program p -> p.path();
          case What.JavaClass c ->
              "class " + c.className() + (c.bundle().isEmpty() ? "" : " of bundle " + c.bundle());
          case What.Image i ->
              "image " + i.reference() + (i.command().isEmpty() ? "" : " " + i.command());
          case What.Module m -> "module " + m.path();
          case What.Vm v -> "VM " + (v.rootfs().isEmpty() ? "" : v.rootfs() + " ") + v.program();
          case What.Service s -> "service " + s.className();
        };
    return config.args().isEmpty() ? what : what + " " + String.join(" ", config.args());
  }

  private static String restart(DaemonConfig config) {
    return config.restart().word()
        + (config.isWritten("max_retries") ? ", at most " + config.maxRetries() : "")
        + (config.restartBy() == DaemonConfig.RestartBy.PLATFORM ? ", by the platform" : "");
  }

  private static String shutdown(DaemonConfig config) {
    return config.stopSignal() + ", KILL after " + Durations.format(config.shutdownTimeout());
  }

  private static String probes(DaemonDetails.ProbeCost cost) {
    return cost.probes() == 0
        ? ""
        : cost.probes()
            + " made, "
            + cost.failures()
            + " failed, "
            + Human.duration(Duration.ofNanos(cost.totalNanos()))
            + " in all";
  }

  static Table limits(List<LimitReport> limits) {
    Table table = new Table("KEY", "ASKED", "IN FORCE", "BY");
    for (LimitReport limit : limits) {
      table.row(
          Cell.of(limit.key()),
          Cell.of(limit.asked()),
          limit.inForce()
              ? Cell.of(limit.actual().isEmpty() ? "yes" : limit.actual(), Tone.GOOD)
              : Cell.of("no", Tone.WARNING),
          Cell.of(limit.inForce() ? limit.mechanism() : limit.why()));
    }
    return table;
  }

  private static Table events(List<DaemonEvent> events) {
    Table table = new Table("TIME", "RUN", "EVENT");
    for (DaemonEvent event : events) {
      table.row(
          Cell.of(Human.time(event.source().time())),
          Cell.number(event.source().generation()),
          Cell.of(event.describe()));
    }
    return table;
  }

  private static <T> List<T> last(List<T> list, int count) {
    return list.subList(Math.max(0, list.size() - count), list.size());
  }

  private static Json json(DaemonDetails d, int events) {
    DaemonConfig config = d.config();
    return DaemonJson.of(d.info())
        .put("description", config.description())
        .put("runs", what(config))
        .put("origin", d.origin())
        .put("state_directory", d.stateDirectory())
        .put("handle", d.handle().map(DaemonHandle::data).map(TreeMap::new))
        .put("status_text", d.platform().map(PlatformStatus::statusText))
        .put("platform_details", d.platform().map(PlatformStatus::details))
        .put("limits", d.platform().map(p -> p.limits().stream().map(Status::json).toList()))
        .put(
            "probes",
            Json.object()
                .put("made", d.probes().probes())
                .put("failed", d.probes().failures())
                .put("took", Duration.ofNanos(d.probes().totalNanos())))
        .put("events", last(d.events(), events).stream().map(Status::json).toList());
  }

  static Json json(LimitReport limit) {
    return Json.object()
        .put("key", limit.key())
        .put("asked", limit.asked())
        .put("actual", limit.actual())
        .put("mechanism", limit.mechanism())
        .put("in_force", limit.inForce())
        .put("why", limit.why());
  }

  private static Json json(DaemonEvent event) {
    return Json.object()
        .put("time", event.source().time())
        .put("run", event.source().generation())
        .put("kind", event.getClass().getSimpleName())
        .put("text", event.describe());
  }
}
