package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerState;
import com.paiml.duende.adapter.container.engine.Engine;
import com.paiml.duende.adapter.container.engine.EngineFacts;
import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.adapter.container.engine.Labels;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.Sizes;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.spi.TableSchema;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.support.host.HostSocket;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** The platform "container". Nothing of an engine is loaded before the first one is looked for. */
@Component(
    immediate = true,
    service = {PlatformAdapter.class, ContainerImages.class},
    property = PlatformAdapter.PLATFORM + "=" + ContainerTable.NAME)
public final class ContainerAdapter implements PlatformAdapter, ContainerImages {
  private static final Duration KILL_PATIENCE = Duration.ofSeconds(30);
  private static final Duration SHORT = Duration.ofSeconds(10);

  /**
   * How long an engine may take for one step of a start, such as making the container: on a machine with a load of 400 a
   * hundred containers that are started at once take 50 seconds. What takes longer hangs, is cleared away, and is a start that
   * has failed.
   */
  private static final Duration STEP = Duration.ofSeconds(90);

  private final Places places;
  private final Duration step;
  private @Nullable Workshop workshop;
  private volatile boolean gone;

  /** Makes JVMs for daemon classes; comes and goes. */
  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  volatile @Nullable HostRuntime host;

  @Activate
  public ContainerAdapter() {
    this(Places.of(System.getenv()));
  }

  ContainerAdapter(Places places) {
    this(places, STEP);
  }

  /** @param step how long an engine may take for one step of a start */
  ContainerAdapter(Places places, Duration step) {
    this.places = places;
    this.step = step;
  }

  @Deactivate
  public void deactivate() {
    Workshop made;
    synchronized (this) {
      gone = true;
      made = workshop;
    }
    if (made != null) {
      made.close();
    }
  }

  private synchronized Workshop workshop(String thing) throws AdapterGone {
    if (gone) {
      throw new AdapterGone(ContainerTable.NAME, thing);
    }
    Workshop made = workshop;
    if (made == null) {
      made = new Workshop(places, step);
      workshop = made;
    }
    return made;
  }

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    return fingerprint(Engines::present, Optional.empty(), deadline);
  }

  @Override
  public Fingerprint fingerprint(DaemonConfig config, Deadline deadline) {
    ContainerTable table = ContainerTable.of(config.table(ContainerTable.NAME));
    // A table with faults is refused by check; here it says nothing.
    return table.faults().isEmpty()
        ? fingerprint(engines -> engines.candidates(table), table.engine(), deadline)
        : fingerprint(deadline);
  }

  private Fingerprint fingerprint(
      Function<Engines, List<Engine>> which, Optional<EngineKind> only, Deadline deadline) {
    Workshop shop;
    try {
      shop = workshop("fingerprint");
    } catch (AdapterGone e) {
      return Fingerprint.absent("the adapter has been stopped; start its bundle again");
    }
    Map<String, String> details = new LinkedHashMap<>();
    List<String> versions = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    List<EngineKind> kinds = new ArrayList<>();
    boolean limits = false;
    boolean ulimits = false;
    for (Engine engine : which.apply(shop.engines())) {
      try {
        EngineFacts facts = engine.facts(deadline);
        String title =
            engine.kind().title()
                + " "
                + facts.version()
                + (facts.api().isEmpty() ? "" : ", API " + facts.api());
        versions.add(title);
        kinds.add(engine.kind());
        limits |= !facts.isLimitless();
        ulimits |= !facts.ignoresUlimits();
        details.put(engine.kind().word(), title + " at " + engine.socket());
        facts.details().forEach((k, v) -> details.put(engine.kind().word() + " " + k, v));
      } catch (DaemonException e) {
        problems.add(e.getMessage());
        details.put(engine.kind().word(), e.getMessage());
      }
    }
    if (versions.isEmpty()) {
      return Fingerprint.absent(
          problems.isEmpty()
              ? "no engine is there (no socket at "
                  + shop.engines().looked(only)
                  + "); install and start Docker, Podman or containerd"
              : String.join("; ", problems));
    }
    return Abilities.fingerprint(
        String.join("; ", versions), kinds, limits, ulimits, host != null, details);
  }

  @Override
  public TableSchema schema() {
    return ContainerTable.SCHEMA;
  }

  @Override
  public List<String> check(DaemonConfig config) {
    ContainerTable table = ContainerTable.of(config.table(ContainerTable.NAME));
    List<String> faults = new ArrayList<>(table.faults());
    faults.addAll(Abilities.faults(config, table));
    return faults;
  }

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    Workshop shop = workshop(spec.name());
    return new Starting(shop, spec, events, host, deadline).run().handle();
  }

  /** The run of a handle, where this adapter knows it. */
  private Optional<ContainerRun> find(DaemonHandle handle) throws AdapterGone {
    return workshop(handle.name())
        .find(handle.get(ContainerRun.CONTAINER).orElse(""))
        .filter(run -> run.isOf(handle));
  }

  private ContainerRun get(DaemonHandle handle) throws DaemonException {
    Optional<ContainerRun> run = find(handle);
    if (run.isEmpty()) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          handle.name(),
          "its container is not one of those that are watched",
          "start the daemon");
    }
    return run.get();
  }

  /** The container of a handle, if it is there and the same. */
  private static Optional<ContainerState> inspect(
      Engine engine, DaemonHandle handle, Deadline deadline) throws DaemonException {
    return engine
        .inspect(handle.get(ContainerRun.CONTAINER).orElse(""), deadline)
        .filter(
            s ->
                Optional.ofNullable(s.labels().get(Labels.ATTEMPT))
                    .equals(handle.get(ContainerRun.ATTEMPT)));
  }

  /** The engine that a handle names. */
  private Engine engine(DaemonHandle handle) throws DaemonException {
    Optional<EngineKind> kind = handle.get(ContainerRun.ENGINE).flatMap(EngineKind::parse);
    Optional<String> socket = handle.get(ContainerRun.SOCKET);
    if (kind.isEmpty() || socket.isEmpty()) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND, handle.name(), "its record names no engine", "start the daemon");
    }
    return workshop(handle.name()).engines().at(kind.get(), Path.of(socket.get()));
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    Workshop shop = workshop(handle.name());
    Engine engine = engine(handle);
    String id = handle.get(ContainerRun.CONTAINER).orElse("");
    Optional<ContainerState> found = inspect(engine, handle, deadline);
    if (found.isEmpty()) {
      return new Recovery.Lost("its container " + id + " has been removed");
    }
    ContainerState state = found.get();
    if (!spec.instance().id().equals(state.labels().get(Labels.INSTANCE))) {
      return new Recovery.Lost("the container " + id + " is not Duende's any more");
    }
    boolean restarts = Plans.restart(spec.config()).isOn();
    boolean alive =
        state.isAlive() || (restarts && state.phase() == ContainerState.Phase.RESTARTING);
    if (!alive) {
      return new Recovery.Exited(
          Exits.of(state.exitCode(), state.outOfMemory(), false, spec.config()));
    }
    DaemonHandle now =
        ContainerRun.handle(
            engine,
            spec,
            state.id(),
            handle.get(ContainerRun.ATTEMPT).orElse(""),
            state.started(),
            state.pid());
    Optional<ContainerRun> known = shop.find(state.id());
    if (known.isEmpty()) {
      ContainerRun run = new ContainerRun(engine, state.id(), spec, events, now, restarts);
      shop.adopt(run, now.pid().orElse(0));
    } else {
      known.get().events().tell(events);
    }
    return new Recovery.Running(now, state.phase() == ContainerState.Phase.PAUSED);
  }

  @Override
  public void recoveryComplete(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    Workshop shop = workshop("recovery");
    Set<String> wanted =
        kept.stream()
            .flatMap(h -> h.get(ContainerRun.CONTAINER).stream())
            .collect(Collectors.toSet());
    List<Engine> engines = new ArrayList<>(shop.engines().known());
    for (Engine engine : shop.engines().present()) {
      if (!engines.contains(engine)) {
        engines.add(engine);
      }
    }
    Optional<DaemonException> failure = Optional.empty();
    for (Engine engine : engines) {
      try {
        for (ContainerState state : engine.list(Labels.INSTANCE, instance.id(), deadline)) {
          if (!wanted.contains(state.id())) {
            shop.discard(engine, state.id(), deadline);
          }
        }
      } catch (DaemonException e) {
        failure = Optional.of(e);
      }
    }
    boolean inUse = !kept.isEmpty();
    if (failure.isPresent() && inUse) {
      throw failure.get();
    }
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException {
    ContainerRun run = get(handle);
    boolean reached = !run.hasEnded() && run.engine().signal(run.id(), signal.number(), deadline);
    if (!reached) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          handle.name(),
          "has ended: it takes no signal",
          "start it first");
    }
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Workshop shop = workshop(handle.name());
    Engine engine = engine(handle);
    Optional<ContainerState> found = inspect(engine, handle, deadline);
    if (found.isEmpty()) {
      return new PlatformStatus(
          PlatformStatus.State.ENDED, OptionalLong.empty(), "", List.of(), Map.of());
    }
    ContainerState state = found.get();
    Map<String, String> details = new LinkedHashMap<>();
    details.put("engine", engine.kind().title() + " at " + engine.socket());
    details.put("name", state.name());
    details.putAll(state.details());
    List<LimitReport> limits = List.of();
    Optional<ContainerRun> run = shop.find(state.id());
    if (state.isAlive()) {
      String group = shop.kernel().path(state.pid(), state.id());
      if (!group.isEmpty()) {
        details.put("cgroup", group);
      }
      if (run.isPresent()) {
        limits =
            shop.kernel()
                .limits(state.pid(), state.id(), run.get().spec().config(), run.get().resources());
        details.put(
            "restarted",
            run.get().isRestartedByEngine() ? "by " + engine.kind().title() : "by Duende");
      }
    }
    boolean missed = state.isAlive() && run.filter(ContainerRun::hasEnded).isPresent();
    return new PlatformStatus(
        switch (missed ? ContainerState.Phase.ENDED : state.phase()) {
          case RUNNING, RESTARTING, CREATED -> PlatformStatus.State.RUNNING;
          case PAUSED -> PlatformStatus.State.PAUSED;
          case ENDED -> PlatformStatus.State.ENDED;
        },
        state.pid() > 0 ? OptionalLong.of(state.pid()) : OptionalLong.empty(),
        "",
        limits,
        details);
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    Optional<ContainerRun> found = find(handle);
    if (found.isEmpty()) {
      return;
    }
    ContainerRun run = found.get();
    if (run.hasEnded()) {
      return;
    }
    run.willBeStopped();
    if (timeout.isPositive()) {
      Deadline deadline = Deadline.after(timeout);
      boolean engines = run.isRestartedByEngine();
      Deadline call = Deadline.after(engines ? timeout.plus(SHORT) : longer(timeout, SHORT));
      if (engines) {
        // An engine that stops it waits for its end; what is paused cannot obey.
        resumeIfPaused(run, call);
      }
      boolean reached =
          engines
              ? run.engine().stop(run.id(), stopSignal.number(), timeout, call)
              : run.engine().signal(run.id(), stopSignal.number(), call);
      if (reached) {
        // What is paused cannot obey.
        resumeIfPaused(run, call);
      } else {
        workshop(handle.name()).look(run);
      }
      if (Waiting.forEnd(run, deadline)) {
        return;
      }
    }
    kill(handle, Deadline.after(KILL_PATIENCE));
  }

  private static Duration longer(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? b : a;
  }

  private static void resumeIfPaused(ContainerRun run, Deadline deadline) throws DaemonException {
    Optional<ContainerState> state = run.engine().inspect(run.id(), deadline);
    if (state.filter(s -> s.phase() == ContainerState.Phase.PAUSED).isPresent()) {
      run.engine().resume(run.id(), deadline);
    }
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Optional<ContainerRun> found = find(handle);
    if (found.isEmpty() || found.get().hasEnded()) {
      return;
    }
    ContainerRun run = found.get();
    run.willBeKilled();
    while (!run.hasEnded()) {
      run.engine().kill(run.id(), deadline);
      // Between the engine's own restarts there is nothing to kill, and a moment later there is.
      if (Waiting.forEnd(run, deadline.orAfter(Duration.ofSeconds(2)))) {
        return;
      }
      workshop(handle.name()).look(run);
      if (deadline.hasPassed() && !run.hasEnded()) {
        throw new DaemonException(
            ErrorCode.TIMEOUT,
            handle.name(),
            "was killed and is not gone yet",
            "ask again, and see the engine's log");
      }
    }
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    ContainerRun run = get(handle);
    refuseEnded(run, "it cannot be paused");
    refuseLimitless(run, "cannot be paused", deadline);
    run.engine().pause(run.id(), deadline);
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    ContainerRun run = get(handle);
    refuseEnded(run, "it cannot be resumed");
    run.engine().resume(run.id(), deadline);
  }

  private static void refuseLimitless(ContainerRun run, String what, Deadline deadline)
      throws DaemonException {
    if (run.engine().isLimitless(deadline)) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          run.spec().name(),
          what + ": " + Abilities.LIMITLESS,
          Abilities.LIMITLESS_REMEDY);
    }
  }

  private static void refuseEnded(ContainerRun run, String what) throws DaemonException {
    if (run.hasEnded()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, run.spec().name(), "has ended: " + what, "start it first");
    }
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    try {
      Optional<ContainerRun> run = find(handle);
      return run.isPresent()
          ? run.get().exit(handle.get(ContainerRun.STARTED).orElse(""))
          : CompletableFuture.completedFuture(new ExitReason.Unknown("it has been removed"));
    } catch (AdapterGone e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException {
    ContainerRun run = get(handle);
    refuseEnded(run, "it uses nothing");
    refuseLimitless(run, "what it uses is not counted", deadline);
    Optional<UsageSample> seen = workshop(handle.name()).kernel().usage(run.pid(), run.id());
    return seen.isPresent() ? seen.get() : run.engine().usage(run.id(), deadline);
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    return engine(handle).logs(handle.get(ContainerRun.CONTAINER).orElse(""));
  }

  @Override
  public List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException {
    ContainerRun run = get(handle);
    refuseEnded(run, "its limits cannot be changed");
    refuseLimitless(run, "its limits cannot be changed", deadline);
    run.engine().update(run.id(), resources, deadline);
    run.resources(resources);
    return workshop(handle.name())
        .kernel()
        .limits(run.pid(), run.id(), run.spec().config(), resources);
  }

  @Override
  public ExecResult exec(DaemonHandle handle, List<String> command, Deadline deadline)
      throws DaemonException {
    ContainerRun run = get(handle);
    refuseEnded(run, "no command runs beside it");
    return run.engine().exec(run.id(), command, deadline);
  }

  @Override
  public TraceTarget traceTarget(DaemonHandle handle, Deadline deadline) throws DaemonException {
    ContainerRun run = get(handle);
    refuseEnded(run, "there is nothing to trace");
    return new TraceTarget(
        handle.name(),
        run.pid() > 0 ? List.of(run.pid()) : List.of(),
        workshop(handle.name()).kernel().path(run.pid(), run.id()));
  }

  /** The folder of the socket is the container's to write to: what it puts there is resolved with the host's eyes. */
  @Override
  public ByteChannel connectHost(DaemonHandle handle, LaunchSpec spec, Deadline deadline)
      throws DaemonException {
    Optional<Linux> linux = workshop(handle.name()).kernel().linux();
    return linux.isPresent()
        ? HostSocket.connect(linux.get(), spec)
        : PlatformAdapter.super.connectHost(handle, spec, deadline);
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Workshop shop = workshop(handle.name());
    Engine engine = engine(handle);
    String id = handle.get(ContainerRun.CONTAINER).orElse("");
    // An engine may have missed an end, or may have been killed in the middle of a removal.
    boolean ended = find(handle).filter(ContainerRun::hasEnded).isPresent();
    if (ended) {
      shop.discard(engine, id, deadline);
      return;
    }
    Optional<ContainerState> state = inspect(engine, handle, deadline);
    if (state.filter(ContainerState::isAlive).isPresent()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, handle.name(), "still runs", "stop it first");
    }
    if (state.isPresent()) {
      shop.discard(engine, id, deadline);
    } else if (find(handle).isPresent()) {
      shop.forget(id);
    }
  }

  @Override
  public String build(
      String engine,
      String reference,
      List<String> modules,
      Consumer<String> progress,
      Deadline deadline)
      throws DaemonException {
    if (!engine.equals("auto") && EngineKind.parse(engine).isEmpty()) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "image",
          "\"" + engine + "\" is no engine",
          "write auto, docker, podman or containerd");
    }
    String name = reference.isEmpty() ? ContainerTable.CLASS_IMAGE : reference;
    Engine into =
        workshop("image").engines().choose(ContainerTable.of(Map.of("engine", engine)), deadline);
    progress.accept("linking a Java runtime");
    try (RuntimeImage image =
        RuntimeImage.make(Path.of(System.getProperty("java.home")), modules, deadline)) {
      long size = Files.size(image.archive());
      progress.accept("giving it to " + into.kind().title() + " at " + into.socket());
      try (InputStream layer = Files.newInputStream(image.archive())) {
        into.importImage(name, RuntimeImage.RECIPE, layer, deadline);
      }
      return name + ", " + Sizes.format(size >> 20 << 20) + ", in " + into.kind().title();
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, name, "cannot be made: " + e.getMessage(), "see the space left", e);
    }
  }
}
