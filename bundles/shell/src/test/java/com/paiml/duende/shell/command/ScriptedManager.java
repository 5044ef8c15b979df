package com.paiml.duende.shell.command;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.control.AdapterInfo;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonListener;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.TableSchema;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.Tracer;
import com.paiml.duende.spi.UsageSample;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A manager that does at once what it is told, and writes down what that was. A text is a daemon's name, or "fault". */
class ScriptedManager implements DaemonManager {
  static final Instant THEN = Instant.parse("2026-11-22T08:00:00Z");

  final List<String> told = new CopyOnWriteArrayList<>();
  final Map<String, DaemonInfo> daemons = new TreeMap<>();
  final Map<String, List<String>> logs = new TreeMap<>();
  final Map<String, DaemonConfig> configs = new TreeMap<>();
  final List<DaemonListener> listeners = new CopyOnWriteArrayList<>();
  DaemonStatus afterDeploy = DaemonStatus.RUNNING;
  long restartsAfterDeploy;
  Optional<String> refusedStart = Optional.empty();

  ScriptedManager with(String name, DaemonStatus status) {
    daemons.put(name, info(name, status, 0));
    return this;
  }

  static DaemonInfo info(String name, DaemonStatus status, long restarts) {
    boolean running = status.state() == DaemonStatus.State.RUNNING;
    return new DaemonInfo(
        name,
        new DaemonId(new java.util.UUID(1, name.hashCode())),
        "0.1.0",
        "native",
        status,
        running ? "" : "a reason",
        running,
        running ? OptionalLong.of(4711) : OptionalLong.empty(),
        THEN,
        Optional.of(THEN),
        restarts,
        restarts == 0 ? Optional.empty() : Optional.of(new ExitReason.Failure(3, "")),
        running ? Optional.of(HealthStatus.healthy(5)) : Optional.empty(),
        DaemonConfig.RestartBy.MANAGER,
        true,
        restarts + 1);
  }

  private DaemonInfo get(String name) throws DaemonException {
    DaemonInfo info = daemons.get(name);
    if (info == null) {
      throw new DaemonException(ErrorCode.NOT_FOUND, name, "there is no such daemon", "");
    }
    return info;
  }

  private DaemonInfo move(String verb, String name, DaemonStatus to) throws DaemonException {
    told.add(verb + " " + name);
    DaemonInfo before = get(name);
    daemons.put(name, info(name, to, before.restarts()));
    for (DaemonListener listener : listeners) {
      listener.onEvent(
          new DaemonEvent.StateChanged(
              new DaemonEvent.Source(name, before.id(), THEN, 1), before.status(), to));
    }
    return daemons.get(name);
  }

  @Override
  public DaemonConfig parse(String text, String origin) throws ConfigException {
    if (text.startsWith("fault")) {
      throw new ConfigException(
          List.of(
              new ConfigFault(origin, 3, 1, "binary_path", "is missing", "write one"),
              new ConfigFault(origin, 7, 5, "restrat", "is not a key", "did you mean restart?")));
    }
    return DaemonConfig.builder(text.strip()).build();
  }

  @Override
  public GroupConfig parseGroup(String text, String origin) {
    return new GroupConfig(
        text.strip(), GroupConfig.Strategy.ONE_FOR_ONE, 1, Duration.ofSeconds(5), true);
  }

  @Override
  public void deployGroup(GroupConfig group) {
    told.add("group " + group.name());
  }

  @Override
  public void removeGroup(String name) {
    told.add("remove group " + name);
  }

  @Override
  public List<GroupConfig> groups() {
    return List.of();
  }

  @Override
  public DaemonInfo deploy(DaemonConfig config, DeployOptions options, Duration wait)
      throws DaemonException {
    told.add("deploy " + config.name() + " " + options);
    if (!options.replace() && daemons.containsKey(config.name())) {
      throw new DaemonException(ErrorCode.ALREADY_EXISTS, config.name(), "is there already", "");
    }
    DaemonStatus status = options.start() ? afterDeploy : DaemonStatus.CREATED;
    DaemonInfo first = info(config.name(), status, 0);
    daemons.put(config.name(), first);
    configs.put(config.name(), config);
    return first;
  }

  @Override
  public DaemonInfo start(String name, Duration wait) throws DaemonException {
    if (get(name).status().isActive()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, name, "is running already, pid 4711", "stop it first");
    }
    return move("start", name, DaemonStatus.RUNNING);
  }

  @Override
  public DaemonInfo stop(String name, Duration wait) throws DaemonException {
    return move("stop", name, DaemonStatus.STOPPED);
  }

  @Override
  public DaemonInfo restart(String name, Duration wait) throws DaemonException {
    return move("restart", name, DaemonStatus.RUNNING);
  }

  @Override
  public void signal(String name, Signal signal) throws DaemonException {
    told.add("signal " + get(name).name() + " " + signal);
  }

  @Override
  public void reload(String name) {
    told.add("reload " + name);
  }

  @Override
  public DaemonInfo pause(String name, Duration wait) throws DaemonException {
    return move("pause", name, DaemonStatus.PAUSED);
  }

  @Override
  public DaemonInfo resume(String name, Duration wait) throws DaemonException {
    return move("resume", name, DaemonStatus.RUNNING);
  }

  @Override
  public void remove(String name, boolean stopFirst, Duration wait) throws DaemonException {
    told.add("remove " + get(name).name() + " " + stopFirst);
    daemons.remove(name);
  }

  @Override
  public DaemonInfo updateLimits(String name, Resources resources, Duration wait)
      throws DaemonException {
    told.add("limits " + name + " " + resources.memory() + " " + resources.cpuQuota());
    return get(name);
  }

  @Override
  public void halt(String name, String policy, String detail) {
    told.add("halt " + name);
  }

  @Override
  public DaemonDetails describe(String name) throws DaemonException {
    DaemonInfo info = get(name);
    DaemonEvent.Source source = new DaemonEvent.Source(name, info.id(), THEN, 1);
    return new DaemonDetails(
        info,
        configs.getOrDefault(name, DaemonConfig.builder(name).description("a daemon").build()),
        "/etc/" + name + ".toml",
        Path.of("/state", name),
        Optional.empty(),
        Optional.of(
            new PlatformStatus(
                PlatformStatus.State.RUNNING,
                info.pid(),
                "serving",
                List.of(
                    new LimitReport(
                        "resources.memory", "512MiB", "536870912", "memory.max", true, ""),
                    new LimitReport("resources.pids", "100", "", "", false, "no pids controller")),
                Map.of("cgroup", "/duende/" + name))),
        refusedStart
            .<List<DaemonEvent>>map(why -> List.of(new DaemonEvent.Alert(source, "start", why)))
            .orElseGet(
                () ->
                    List.of(
                        new DaemonEvent.StateChanged(
                            source, DaemonStatus.CREATED, DaemonStatus.STARTING),
                        new DaemonEvent.BecameReady(source, Duration.ofMillis(12)))),
        new DaemonDetails.ProbeCost(3, 1, 4_000_000));
  }

  @Override
  public Optional<DaemonInfo> find(String name) {
    return list().stream().filter(d -> d.name().equals(name)).findFirst();
  }

  @Override
  public List<DaemonInfo> list() {
    List<DaemonInfo> all = new ArrayList<>();
    for (DaemonInfo d : List.copyOf(daemons.values())) {
      all.add(restartsAfterDeploy > 0 ? info(d.name(), d.status(), restartsAfterDeploy) : d);
    }
    restartsAfterDeploy += restartsAfterDeploy > 0 ? 1 : 0;
    return all;
  }

  @Override
  public int count() {
    return daemons.size();
  }

  @Override
  public HealthStatus health(String name, Duration wait) throws DaemonException {
    if (name.equals("ill")) {
      return HealthStatus.unhealthy("no answer");
    }
    if (name.equals("unasked")) {
      throw new DaemonException(ErrorCode.NOT_SUPPORTED, name, "has no health check", "");
    }
    return get(name).health().orElseThrow();
  }

  @Override
  public Optional<DaemonMetrics.Snapshot> metrics(String name) throws DaemonException {
    DaemonMetrics metrics = new DaemonMetrics();
    metrics.recordRequest(Duration.ofMillis(2));
    metrics.gauge("queue", () -> 7);
    return get(name).name().equals("web") ? Optional.of(metrics.snapshot()) : Optional.empty();
  }

  @Override
  public BitSet unchanged(List<String> names, List<UsageSample> known) {
    return new BitSet();
  }

  @Override
  public UsageSample usage(String name) throws DaemonException {
    get(name);
    long unknown = UsageSample.UNKNOWN;
    return new UsageSample(
        THEN,
        1_500_000_000L,
        13 << 20,
        2,
        5,
        9,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown);
  }

  @Override
  public TraceSession trace(String name, Tracer tracer, TraceOptions options, Duration wait)
      throws DaemonException {
    throw new UnsupportedOperationException();
  }

  @Override
  public String origin(String name) throws DaemonException {
    throw new UnsupportedOperationException();
  }

  @Override
  public DaemonConfig config(String name) throws DaemonException {
    throw new UnsupportedOperationException();
  }

  @Override
  public void alert(String name, String kind, String detail) throws DaemonException {
    throw new UnsupportedOperationException();
  }

  @Override
  public LogStream logs(String name, LogQuery query) {
    told.add(
        "logs "
            + name
            + " "
            + query.last()
            + " "
            + query.follow()
            + " "
            + query.since().isPresent());
    Deque<String> lines = new ArrayDeque<>(logs.getOrDefault(name, List.of()));
    return new LogStream() {
      private boolean closed;

      @Override
      public Optional<LogLine> next(Deadline deadline) {
        return Optional.ofNullable(lines.poll()).map(l -> new LogLine(Optional.of(THEN), l));
      }

      @Override
      public boolean isDone() {
        return closed || (!query.follow() && lines.isEmpty());
      }

      @Override
      public void close() {
        closed = true;
      }
    };
  }

  @Override
  public List<AdapterInfo> adapters() {
    return List.of(
        new AdapterInfo(
            "native",
            "com.paiml.duende.adapter.native 0.1.0",
            new Fingerprint(
                true,
                "Linux 6.1",
                false,
                "",
                Map.of(Payload.Kind.PROGRAM, Set.of(Capability.PAUSE, Capability.KILL)),
                Map.of(Capability.LIMIT_IO, "no io controller"),
                Map.of("cgroups", "v2")),
            new TableSchema(
                "native",
                List.of(
                    TableSchema.Key.of(
                        "process", TableSchema.Type.BOOLEAN, "false", "a JVM of its own"))),
            1),
        new AdapterInfo(
            "systemd",
            "com.paiml.duende.adapter.systemd 0.1.0",
            Fingerprint.absent("systemd is not PID 1 here; run on a machine that boots with it"),
            new TableSchema("systemd", List.of()),
            0));
  }

  @Override
  public Subscription watch(DaemonListener listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  @Override
  public void shutdown(Duration wait) {
    told.add("shutdown");
  }
}
