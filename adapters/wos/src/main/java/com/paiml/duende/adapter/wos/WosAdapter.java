package com.paiml.duende.adapter.wos;

import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.fs.Streams;
import com.paiml.duende.adapter.wos.kernel.Kernel;
import com.paiml.duende.adapter.wos.kernel.Limits;
import com.paiml.duende.adapter.wos.kernel.Session;
import com.paiml.duende.adapter.wos.kernel.SessionSpec;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.adapter.wos.service.KernelService;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.spi.TableSchema;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.Tracer;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.support.log.LogReader;
import com.paiml.duende.support.log.RotatedLog;
import com.paiml.duende.support.log.RotatedLogs;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** The platform "wos": WebAssembly modules as processes of a kernel inside the container. */
@Component(
    immediate = true,
    service = PlatformAdapter.class,
    property = PlatformAdapter.PLATFORM + "=" + WosAdapter.NAME)
public final class WosAdapter implements PlatformAdapter {

  public static final String NAME = "wos";

  /** In a handle: the process number in the kernel, which is none of the operating system's. */
  static final String WOS_PID = "wos.pid";

  /** In a handle: which kernel. */
  static final String BOOT = "wos.boot";

  static final String RUNTIME = "Endive 1.0.0";

  private static final Set<Capability> CAPABILITIES =
      Set.of(
          Capability.SIGNAL,
          Capability.KILL,
          Capability.PAUSE,
          Capability.LOGS,
          Capability.USAGE,
          Capability.TRACE,
          Capability.READINESS_NOTIFY,
          Capability.WATCHDOG,
          Capability.HEALTH,
          Capability.LIMIT_MEMORY,
          Capability.LIMIT_CPU_QUOTA,
          Capability.LIMIT_PIDS,
          Capability.LIMIT_OPEN_FILES,
          Capability.UPDATE_LIMITS,
          Capability.NO_NEW_PRIVS,
          Capability.NETWORK_OFF);

  private static final Map<Capability, String> MISSING =
      Map.of(
          Capability.RECOVER,
          "its processes live in the container's JVM and end with it; the manager starts them"
              + " again",
          Capability.EXEC,
          "a module has no programs beside it; let it report its health by the import wos.health",
          Capability.WORKING_DIR,
          "WASI has no working directory; give it directories by [wos] preopen",
          Capability.PATHS,
          "[wos] preopen says which directories it is given",
          Capability.LIMIT_CPU_SHARES,
          "[wos] priority says who runs first");

  private static final Duration KILL_PATIENCE = Duration.ofSeconds(30);
  private static final Duration FAREWELL = Duration.ofSeconds(2);
  private static final long POLL_NANOS = 1_000_000;

  private final KernelService wos;
  private final RotatedLogs logs = new RotatedLogs();
  private final Map<Key, WosRun> runs = new ConcurrentHashMap<>();
  private final ExecutorService exits =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("wos-exits").factory());
  private volatile boolean gone;

  private record Key(String name, DaemonId id, long generation) {
    static Key of(DaemonHandle handle) {
      return new Key(handle.name(), handle.id(), handle.generation());
    }
  }

  @Activate
  public WosAdapter(@Reference KernelService wos) {
    this.wos = wos;
  }

  @Deactivate
  public void deactivate() {
    gone = true;
    List<WosRun> all = List.copyOf(runs.values());
    // They cannot outlive this bundle: they are asked to end, then made to.
    all.forEach(WosRun::askToEnd);
    Deadline patience = Deadline.after(FAREWELL);
    while (!patience.hasPassed() && all.stream().anyMatch(r -> !r.hasEnded())) {
      LockSupport.parkNanos(POLL_NANOS);
    }
    all.forEach(r -> r.session().signalAll(Signal.KILL));
    all.forEach(r -> r.exit().completeExceptionally(new AdapterGone(NAME, r.spec().name())));
    exits.shutdown();
    try {
      logs.close();
    } catch (IOException e) {
      System.getLogger(WosAdapter.class.getName())
          .log(System.Logger.Level.WARNING, "closing the logs: " + e.getMessage());
    }
  }

  private void refuseGone(String thing) throws AdapterGone {
    if (gone) {
      throw new AdapterGone(NAME, thing);
    }
  }

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    if (gone) {
      return Fingerprint.absent("the adapter has been stopped; start its bundle again");
    }
    return new Fingerprint(
        true,
        RUNTIME + ", WASI preview 1",
        false,
        "",
        Map.of(Payload.Kind.MODULE, CAPABILITIES),
        MISSING,
        wos.begun()
            .map(WosAdapter::figures)
            .orElse(Map.of("kernel", "begins with the first module or command")));
  }

  private static Map<String, String> figures(Kernel kernel) {
    return Map.of(
        "processes",
        kernel.figures().processes() + " of " + kernel.options().processes(),
        "slots",
        Integer.toString(kernel.options().rules().slots()),
        "memory",
        kernel.options().budget().used() + " of " + kernel.options().budget().limit() + " bytes",
        "modules kept compiled",
        Integer.toString(kernel.images().size()));
  }

  @Override
  public TableSchema schema() {
    return WosTable.SCHEMA;
  }

  @Override
  public List<String> check(DaemonConfig config) {
    List<String> faults = new ArrayList<>();
    try {
      var _ = WosTable.of(config.name(), config.table(NAME));
    } catch (DaemonException e) {
      faults.add(e.getMessage());
    }
    return faults;
  }

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(spec.name());
    if (!(spec.payload() instanceof Payload.Module module)) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          spec.name(),
          "platform \"wos\" runs WebAssembly modules only",
          "say module = \"FILE.wasm\"");
    }
    WosTable table = WosTable.of(spec.name(), spec.table());
    Image image = wos.kernel().images().get(module.path(), deadline.remaining());
    RotatedLog log = openLog(spec);
    try {
      return start(spec, events, module.path(), table, image, log).handle();
    } catch (DaemonException e) {
      leave(log);
      throw e;
    }
  }

  private WosRun start(
      LaunchSpec spec,
      AdapterEvents events,
      Path module,
      WosTable table,
      Image image,
      RotatedLog log)
      throws DaemonException {
    WosLimits limits = WosLimits.of(spec.config());
    ModuleReport report = new ModuleReport(spec.id(), spec.name(), events);
    List<String> args = new ArrayList<>();
    args.add(String.valueOf(module.getFileName()));
    args.addAll(spec.args());
    Session session =
        wos.kernel()
            .start(
                SessionSpec.of(spec.instance().qualify(spec.name()))
                    .args(args.toArray(String[]::new))
                    .env(spec.env())
                    .preopens(table.preopens())
                    .priority(table.priority())
                    .limits(limits.begun())
                    .output(sink(log))
                    .endsWithLeader(true)
                    .events(report),
                image);
    DaemonHandle handle =
        new DaemonHandle(
            NAME,
            spec.name(),
            spec.id(),
            spec.generation(),
            Map.of(
                WOS_PID,
                Long.toString(session.id()),
                BOOT,
                wos.boot(),
                "module",
                shortDigest(image)));
    WosRun run = new WosRun(spec, handle, session, log, report, limits);
    runs.put(Key.of(handle), run);
    var _ = session.ended().thenAcceptAsync(run::ended, exits);
    if (gone) {
      session.signalAll(Signal.KILL);
      throw new AdapterGone(NAME, spec.name());
    }
    return run;
  }

  /** What a process writes after its log was closed goes nowhere. */
  private static Streams.Sink sink(RotatedLog log) {
    return (data, from, length) -> {
      boolean _ = log.append(data, from, length);
    };
  }

  private static String shortDigest(Image image) {
    return image.shortDigest();
  }

  private RotatedLog openLog(LaunchSpec spec) throws DaemonException {
    try {
      return logs.join(spec.logFile(), spec.config().log().maxSize(), spec.config().log().keep());
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          spec.name(),
          "its log " + spec.logFile() + " cannot be written: " + e.getMessage(),
          "check the directory and its rights",
          e);
    }
  }

  private void leave(RotatedLog log) throws DaemonException {
    try {
      logs.leave(log);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          log.file().toString(),
          "cannot be closed: " + e.getMessage(),
          "check the disk",
          e);
    }
  }

  private Optional<WosRun> find(DaemonHandle handle) {
    return Optional.ofNullable(runs.get(Key.of(handle)))
        .filter(r -> r.handle().get(BOOT).equals(handle.get(BOOT)));
  }

  private WosRun get(DaemonHandle handle) throws DaemonException {
    refuseGone(handle.name());
    return find(handle)
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_FOUND,
                    handle.name(),
                    "run "
                        + handle.generation()
                        + " is not one of this container's WebAssembly processes",
                    "\"wos-ctl ps\" lists them"));
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(handle.name());
    Optional<WosRun> run = find(handle);
    if (run.isEmpty()) {
      return new Recovery.Exited(
          new ExitReason.HostLost("the container's JVM, in which it was a process"));
    }
    run.get().report().tell(events);
    Optional<ExitReason> ended = Optional.ofNullable(run.get().exit().getNow(null));
    if (ended.isPresent()) {
      return new Recovery.Exited(ended.get());
    }
    return new Recovery.Running(run.get().handle(), run.get().isPaused());
  }

  /** Nothing of it outlives the container, so there is nothing to remove but what this adapter runs for nobody. */
  @Override
  public void recoveryComplete(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    refuseGone("recovery");
    Set<Key> wanted = kept.stream().map(Key::of).collect(java.util.stream.Collectors.toSet());
    for (Map.Entry<Key, WosRun> entry : runs.entrySet()) {
      if (!wanted.contains(entry.getKey()) && entry.getValue().spec().instance().equals(instance)) {
        entry.getValue().kill(deadline);
        destroy(entry.getValue().handle(), deadline);
      }
    }
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException {
    get(handle).signal(signal);
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    WosRun run = get(handle);
    Session session = run.session();
    WasmProcess leader = session.leader();
    Map<String, String> details = new LinkedHashMap<>();
    details.put("wos pid", Long.toString(session.id()));
    details.put("module", leader.image().shortDigest() + ", " + leader.image().size() + " bytes");
    details.put("state", leader.state().toString().toLowerCase(java.util.Locale.ROOT));
    details.put("priority", leader.priority().word());
    details.put("processes", Integer.toString(session.members().size()));
    if (session.memoryRefusals() > 0) {
      details.put("memory refused", session.memoryRefusals() + " times");
    }
    PlatformStatus.State state =
        run.hasEnded()
            ? PlatformStatus.State.ENDED
            : run.isPaused() ? PlatformStatus.State.PAUSED : PlatformStatus.State.RUNNING;
    return new PlatformStatus(
        state,
        OptionalLong.empty(),
        run.report().statusText(),
        run.limits().report(session.limits()),
        details);
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    refuseGone(handle.name());
    Optional<WosRun> run = find(handle);
    if (run.isPresent() && !run.get().stop(stopSignal, timeout)) {
      run.get().kill(Deadline.after(KILL_PATIENCE));
    }
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    refuseGone(handle.name());
    Optional<WosRun> run = find(handle);
    if (run.isPresent()) {
      run.get().kill(deadline);
    }
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    get(handle).pause(deadline);
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    get(handle).resume();
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    Optional<WosRun> run = find(handle);
    if (run.isPresent()) {
      return run.get().exit();
    }
    return gone
        ? CompletableFuture.failedFuture(new AdapterGone(NAME, handle.name()))
        : CompletableFuture.completedFuture(new ExitReason.Unknown("it has been removed"));
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException {
    WosRun run = get(handle);
    Session session = run.session();
    long processes = session.members().size();
    return new UsageSample(
        Instant.now(),
        session.cpu(),
        session.memory(),
        processes,
        processes,
        session.descriptors(),
        UsageSample.UNKNOWN,
        UsageSample.UNKNOWN,
        0,
        0,
        UsageSample.UNKNOWN,
        UsageSample.UNKNOWN,
        UsageSample.UNKNOWN,
        session.memoryRefusals());
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    RotatedLog log = get(handle).log();
    return query -> {
      try {
        return new LogReader(log, query);
      } catch (IOException e) {
        throw new DaemonException(
            ErrorCode.IO,
            log.file().toString(),
            "cannot be read: " + e.getMessage(),
            "check its rights",
            e);
      }
    };
  }

  @Override
  public List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException {
    WosRun run = get(handle);
    Limits changed = run.limits().changed(run.session().limits(), resources);
    run.session().limits(changed);
    return run.limits().report(changed);
  }

  /** The kernel's own tracer: no other could see a host call. */
  @Override
  public TraceSession attachTracer(
      DaemonHandle handle, Tracer tracer, TraceOptions options, Deadline deadline)
      throws DaemonException {
    return new HostCallTracing(get(handle).session(), options);
  }

  @Override
  public Optional<Daemon> inProcess(DaemonHandle handle) {
    return find(handle).map(WosRun::report);
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    refuseGone(handle.name());
    Optional<WosRun> run = find(handle);
    if (run.isEmpty()) {
      return;
    }
    if (!run.get().hasEnded()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, handle.name(), "still runs", "stop it first");
    }
    if (runs.remove(Key.of(handle), run.get())) {
      leave(run.get().log());
    }
  }
}
