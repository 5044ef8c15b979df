package com.paiml.duende.manager.journal;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigProperties;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.spi.DaemonHandle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What survives the manager. Two files: {@code desired.log} has the daemons with their configurations, and which of them are
 * to run; its records are synced to the disk. {@code runs.log} has the runs with their handles; its records are not, for a
 * power loss ends the runs as well. Any thread may call.
 */
public final class Journal implements AutoCloseable {
  private final Object fold = new Object();
  private final Map<String, Deployment> deployments = new LinkedHashMap<>();
  // The wishes of these deployments: what they carry themselves is not kept up.
  private final Map<String, Set<String>> running = new HashMap<>();
  private final Map<String, GroupConfig> groups = new LinkedHashMap<>();
  private final Map<String, RunRecord> runs = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private final LineLog desired;
  private final LineLog history;
  private final String container;
  private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
  private final boolean sameContainer;

  /**
   * Reads what there is and goes on from there.
   *
   * @param folder is made where it is missing
   * @param container identifies the process that the container is
   * @throws IOException when it cannot be read or written, or is of a later version
   */
  public Journal(Path folder, String container) throws IOException {
    this.container = container;
    var _ = Files.createDirectories(folder);
    Path desiredFile = folder.resolve("desired.log");
    Path runsFile = folder.resolve("runs.log");
    RunsFile.Reading reading = RunsFile.read(runsFile);
    LineLog.Contents wishes = LineLog.read(desiredFile, "desired");
    problems.addAll(wishes.problems());
    wishes.lines().forEach(this::takeDesired);
    RunsFile before = reading.await();
    problems.addAll(before.problems());
    runs.putAll(before.runs());
    sameContainer = before.container().equals(container);
    desired = new LineLog(desiredFile, "desired", true, this::desiredCount, this::desiredLines);
    history = new LineLog(runsFile, "runs", false, this::runCount, this::runLines);
    boolean _ = desired.open(wishes);
    if (!history.open(before.contents())) {
      var _ = history.append(containerLine());
    }
  }

  /** What was wrong with the files, for people. */
  public List<String> problems() {
    return List.copyOf(problems);
  }

  /** Whether it was this very process that wrote it last: the manager's bundle was updated. */
  public boolean isSameContainer() {
    return sameContainer;
  }

  public List<Deployment> deployments() {
    synchronized (fold) {
      return deployments.values().stream().map(this::current).toList();
    }
  }

  public List<GroupConfig> groups() {
    synchronized (fold) {
      return List.copyOf(groups.values());
    }
  }

  public Optional<RunRecord> run(String instance) {
    synchronized (fold) {
      return Optional.ofNullable(runs.get(instance));
    }
  }

  // What is desired

  /** @return completes when it is durable; fails when it is not yet, and is then tried again until it is */
  public CompletableFuture<Void> deployed(Deployment deployment) {
    synchronized (fold) {
      keep(deployment);
      return desired.append(line(deployment));
    }
  }

  public CompletableFuture<Void> removed(Deployment deployment) {
    synchronized (fold) {
      deployments.remove(deployment.name());
      running.remove(deployment.name());
      for (String instance : deployment.ids().keySet()) {
        forget(instance);
      }
      return desired.append(Line.of("drop", "name", deployment.name()));
    }
  }

  /** Whether an instance is to run. */
  public CompletableFuture<Void> wishes(String daemon, String instance, boolean run) {
    synchronized (fold) {
      Set<String> wished = running.get(daemon);
      boolean changes = wished != null && (run ? wished.add(instance) : wished.remove(instance));
      if (!changes) {
        return CompletableFuture.completedFuture(null);
      }
      last = desired.append(wishLine(daemon, instance, run));
      return last;
    }
  }

  /** The last wish that was recorded: completes when it is durable, fails when it is not yet. */
  public CompletableFuture<Void> lastWish() {
    synchronized (fold) {
      return last;
    }
  }

  private void keep(Deployment d) {
    deployments.put(d.name(), d);
    Set<String> wished = new HashSet<>();
    d.wishes()
        .forEach(
            (instance, run) -> {
              if (run) {
                wished.add(instance);
              }
            });
    running.put(d.name(), wished);
  }

  private Deployment current(Deployment d) {
    Set<String> wished = running.getOrDefault(d.name(), Set.of());
    Map<String, Boolean> wishes = new LinkedHashMap<>();
    d.ids().keySet().forEach(i -> wishes.put(i, wished.contains(i)));
    return new Deployment(d.config(), d.origin(), d.ids(), wishes);
  }

  public CompletableFuture<Void> grouped(GroupConfig group) {
    synchronized (fold) {
      groups.put(group.name(), group);
      return desired.append(line(group));
    }
  }

  public CompletableFuture<Void> ungrouped(String name) {
    synchronized (fold) {
      groups.remove(name);
      return desired.append(Line.of("ungroup", "name", name));
    }
  }

  // What runs

  /**
   * A run is asked for. Returns once that is written, as far as that can be: whoever reads this after a death looks for the run.
   *
   * @param run names it, without data of the platform
   * @param at when that was
   */
  public void begins(
      String instance, DaemonHandle run, boolean inProcess, Instant at, long restarts) {
    CompletableFuture<Void> written;
    synchronized (fold) {
      RunRecord asked = opened(instance, run, inProcess, at, restarts);
      runs.put(instance, asked);
      written = history.put(instance, () -> line(instance, asked));
    }
    history.settle(written);
  }

  /** A run has begun. Written with what follows, or when {@link #startTried} is called. */
  public void began(
      String instance, DaemonHandle handle, boolean inProcess, Instant at, long restarts) {
    synchronized (fold) {
      RunRecord begun = opened(instance, handle, inProcess, at, restarts);
      runs.put(instance, begun);
      var _ = history.put(instance, () -> line(instance, begun));
    }
  }

  /** What a start has left to be written is written soon. */
  public void startTried() {
    history.wake();
  }

  /** Under the lock. */
  private RunRecord opened(
      String instance, DaemonHandle handle, boolean inProcess, Instant at, long restarts) {
    return new RunRecord(
        Optional.of(handle),
        handle.generation(),
        inProcess,
        at,
        false,
        true,
        exitOf(runs.get(instance)),
        restarts,
        DaemonStatus.STARTING,
        false);
  }

  /** A run of which only the name was on record was found. */
  public void found(String instance, DaemonHandle handle) {
    edit(
        instance,
        r ->
            new RunRecord(
                Optional.of(handle),
                r.generation(),
                r.inProcess(),
                r.startedAt(),
                r.ready(),
                r.open(),
                r.exit(),
                r.restarts(),
                r.status(),
                r.byShutdown()));
  }

  private static Optional<ExitReason> exitOf(@Nullable RunRecord r) {
    return r == null ? Optional.empty() : r.exit();
  }

  /** The same run goes by another handle: the platform started it again. */
  public void changed(String instance, DaemonHandle handle, Instant at, long restarts) {
    edit(
        instance,
        r ->
            new RunRecord(
                Optional.of(handle),
                r.generation(),
                r.inProcess(),
                at,
                r.ready(),
                true,
                r.exit(),
                restarts,
                r.status(),
                false));
  }

  public void ready(String instance) {
    edit(
        instance,
        r ->
            new RunRecord(
                r.handle(),
                r.generation(),
                r.inProcess(),
                r.startedAt(),
                true,
                r.open(),
                r.exit(),
                r.restarts(),
                r.status(),
                r.byShutdown()));
  }

  /** A restart was decided upon that the end of the run did not count yet. */
  public void counted(String instance, long restarts) {
    synchronized (fold) {
      RunRecord r = runs.get(instance);
      if (r == null || r.restarts() == restarts) {
        return;
      }
    }
    edit(
        instance,
        r ->
            new RunRecord(
                r.handle(),
                r.generation(),
                r.inProcess(),
                r.startedAt(),
                r.ready(),
                r.open(),
                r.exit(),
                restarts,
                r.status(),
                r.byShutdown()));
  }

  /**
   * A run has ended.
   *
   * @param startFollows whether a start is on its way: then it is written with that, or when {@link #startTried} is called
   */
  public void ended(String instance, ExitReason exit, long restarts, boolean startFollows) {
    synchronized (fold) {
      RunRecord r = runs.get(instance);
      if (r == null) {
        return;
      }
      RunRecord ended =
          new RunRecord(
              r.handle(),
              r.generation(),
              r.inProcess(),
              r.startedAt(),
              r.ready(),
              false,
              Optional.of(exit),
              restarts,
              r.status(),
              r.byShutdown());
      runs.put(instance, ended);
      var _ =
          startFollows
              ? history.put(instance, () -> line(instance, ended))
              : history.append(instance, () -> line(instance, ended));
    }
  }

  /** The daemon has come to rest. */
  public void rested(String instance, DaemonStatus status, long generation, boolean byShutdown) {
    synchronized (fold) {
      RunRecord r = runs.get(instance);
      RunRecord changed =
          r == null
              ? new RunRecord(
                  Optional.empty(),
                  generation,
                  false,
                  Instant.EPOCH,
                  false,
                  false,
                  Optional.empty(),
                  0,
                  status,
                  byShutdown)
              : new RunRecord(
                  r.handle(),
                  Math.max(generation, r.generation()),
                  r.inProcess(),
                  r.startedAt(),
                  r.ready(),
                  r.open(),
                  r.exit(),
                  r.restarts(),
                  status,
                  byShutdown);
      var _ = put(instance, changed);
    }
  }

  /** What was left of the last run is cleared away. */
  public void cleared(String instance) {
    edit(
        instance,
        r ->
            new RunRecord(
                Optional.empty(),
                r.generation(),
                r.inProcess(),
                r.startedAt(),
                r.ready(),
                false,
                r.exit(),
                r.restarts(),
                r.status(),
                r.byShutdown()));
  }

  /** An instance is gone. */
  public void forget(String instance) {
    synchronized (fold) {
      if (runs.remove(instance) != null) {
        var _ = history.append(Line.of("gone", "name", instance));
      }
    }
  }

  private void edit(String instance, UnaryOperator<RunRecord> change) {
    synchronized (fold) {
      RunRecord r = runs.get(instance);
      if (r != null) {
        var _ = put(instance, change.apply(r));
      }
    }
  }

  private CompletableFuture<Void> put(String instance, RunRecord record) {
    runs.put(instance, record);
    return history.append(instance, () -> line(instance, record));
  }

  /** Waits until all is written, at most so long. */
  public boolean flush(Duration time) {
    boolean both = desired.flush(time.toMillis());
    return history.flush(time.toMillis()) && both;
  }

  @Override
  public void close() {
    desired.close();
    history.close();
  }

  // Lines

  private int desiredCount() {
    synchronized (fold) {
      return deployments.size() + groups.size();
    }
  }

  private int runCount() {
    synchronized (fold) {
      return runs.size();
    }
  }

  private List<Line> desiredLines() {
    synchronized (fold) {
      List<Line> lines = new ArrayList<>();
      groups.values().forEach(g -> lines.add(line(g)));
      deployments.values().forEach(d -> lines.add(line(current(d))));
      return lines;
    }
  }

  private List<Line> runLines() {
    synchronized (fold) {
      List<Line> lines = new ArrayList<>();
      lines.add(containerLine());
      runs.forEach((name, r) -> lines.add(line(name, r)));
      return lines;
    }
  }

  private Line containerLine() {
    return Line.of("container", "is", container);
  }

  private static Line wishLine(String daemon, String instance, boolean run) {
    return Line.of("wish", "name", daemon, "instance", instance, "run", run);
  }

  private static Line line(Deployment d) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", d.name());
    fields.put("origin", d.origin());
    fields.put("instances", List.copyOf(d.ids().keySet()));
    fields.put("ids", d.ids().values().stream().map(DaemonId::toString).toList());
    fields.put(
        "running",
        d.wishes().entrySet().stream().filter(Map.Entry::getValue).map(Map.Entry::getKey).toList());
    ConfigProperties.toMap(d.config())
        .forEach((k, v) -> fields.put("c." + k, v instanceof String[] a ? List.of(a) : v));
    return new Line("daemon", fields);
  }

  private static Line line(GroupConfig g) {
    return Line.of(
        "group",
        "name",
        g.name(),
        "strategy",
        g.strategy().name(),
        "intensity",
        (long) g.intensity(),
        "period",
        Durations.format(g.period()),
        "escalate",
        g.escalate());
  }

  private static Line line(String instance, RunRecord r) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", instance);
    fields.put("generation", r.generation());
    fields.put("inProcess", r.inProcess());
    fields.put("startedAt", r.startedAt().toString());
    fields.put("ready", r.ready());
    fields.put("open", r.open());
    fields.put("restarts", r.restarts());
    fields.put("state", r.status().state().name());
    fields.put("byShutdown", r.byShutdown());
    r.status().reason().ifPresent(f -> fields.put("failure", Reasons.toTexts(f)));
    r.exit().ifPresent(e -> fields.put("exit", Reasons.toTexts(e)));
    r.handle()
        .ifPresent(
            h -> {
              fields.put("h.platform", h.platform());
              fields.put("h.name", h.name());
              fields.put("h.id", h.id().toString());
              fields.put("h.generation", h.generation());
              h.data().forEach((k, v) -> fields.put("h.d." + k, v));
            });
    return new Line("run", fields);
  }

  private void takeDesired(Line line) {
    String name = line.text("name").orElse("");
    switch (line.kind()) {
      case "daemon" -> {
        try {
          keep(deployment(line));
        } catch (ConfigException e) {
          problems.add("desired.log: daemon " + name + " cannot be read: " + e.getMessage());
        } catch (DaemonException e) {
          problems.add("desired.log: daemon " + name + ": " + e.getMessage());
        }
      }
      case "drop" -> {
        deployments.remove(name);
        running.remove(name);
      }
      case "wish" -> {
        Deployment d = deployments.get(name);
        Set<String> wished = running.get(name);
        String instance = line.text("instance").orElse("");
        if (d != null && wished != null && d.ids().containsKey(instance)) {
          boolean _ = line.flag("run") ? wished.add(instance) : wished.remove(instance);
        }
      }
      case "group" -> {
        try {
          groups.put(
              name,
              new GroupConfig(
                  name,
                  GroupConfig.Strategy.valueOf(line.text("strategy").orElse("")),
                  (int) line.number("intensity", 1),
                  line.text("period").flatMap(Durations::parse).orElse(Duration.ofSeconds(5)),
                  line.flag("escalate")));
        } catch (IllegalArgumentException e) {
          problems.add("desired.log: group " + name + " cannot be read: " + e.getMessage());
        }
      }
      case "ungroup" -> groups.remove(name);
      default -> problems.add("desired.log: a record of kind \"" + line.kind() + "\", passed over");
    }
  }

  private static Deployment deployment(Line line) throws DaemonException {
    Map<String, Object> config = new LinkedHashMap<>();
    line.fields()
        .forEach(
            (k, v) -> {
              if (k.startsWith("c.")) {
                config.put(
                    k.substring(2),
                    v instanceof List<?> l
                        ? l.stream().map(String::valueOf).toArray(String[]::new)
                        : v);
              }
            });
    List<String> instances = line.texts("instances");
    List<String> ids = line.texts("ids");
    Map<String, DaemonId> byName = new LinkedHashMap<>();
    for (int i = 0; i < instances.size(); i++) {
      byName.put(instances.get(i), i < ids.size() ? DaemonId.parse(ids.get(i)) : DaemonId.random());
    }
    Map<String, Boolean> wishes = new LinkedHashMap<>();
    List<String> running = line.texts("running");
    instances.forEach(i -> wishes.put(i, running.contains(i)));
    return new Deployment(
        ConfigProperties.fromMap(config), line.text("origin").orElse(""), byName, wishes);
  }
}
