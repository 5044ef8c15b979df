package com.paiml.duende.manager.engine;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.manager.ConfigReader;
import com.paiml.duende.manager.PayloadResolver;
import com.paiml.duende.manager.journal.Deployment;
import com.paiml.duende.manager.journal.Journal;
import com.paiml.duende.manager.journal.RunRecord;
import com.paiml.duende.manager.life.Message;
import com.paiml.duende.manager.tree.Order;
import com.paiml.duende.manager.tree.Tree;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PolicyEngine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * All daemons: who is deployed, the tree over them, recovery, and the threads that they share. Engine threads handle mailboxes
 * and never block; calls to adapters are made on a pool of their own; virtual threads are left to the daemons' code.
 */
public final class Engine implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Engine.class.getName());
  private static final Duration ACCEPT = Duration.ofSeconds(30);
  private static final Duration CLEAN_UP = Duration.ofMinutes(2);
  private static final Duration DETACH = Duration.ofSeconds(25);
  private static final int PROBES_AT_ONCE = 64;
  private static final int CALLS_AT_ONCE = 512;

  /** Whoever waits for the next manager is answered in this time, before its classes and threads are busy with what runs. */
  private static final Duration AFTER_A_SWAP = Duration.ofMillis(50);

  private final ConfigReader reader;
  private final PayloadResolver payloads;
  private final Services services;
  private final Policies policies;
  private final Folders folders;
  private final Launcher launcher;
  private final Journal journal;
  private final Ports ports = new Ports();
  private final Tickets tickets = new Tickets();
  private final ExecutorService threads;
  private final CallPool calls;
  private final CallPool listeners;
  private final Timers timers = new Timers("duende-timers");
  private final ClockOfDay clock = new ClockOfDay();
  private final Prober prober = new Prober(timers, PROBES_AT_ONCE);
  private final EventHub events;
  private final Tree tree = new Tree(this::order);
  private final Mailbox treeBox;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, Unit> units = new ConcurrentSkipListMap<>();
  private final Map<String, Supervisor> daemons = new ConcurrentSkipListMap<>();
  // What was found fit last of each unit: its instances are alike.
  private final Map<String, Supervisor.Fit> fits = new ConcurrentHashMap<>();
  private final Map<String, GroupConfig> groups = new ConcurrentSkipListMap<>();
  private final Map<Ports.Port, Recovering> recovering = new ConcurrentHashMap<>();
  private final Queue<CompletableFuture<Void>> awaitingRecovery = new ConcurrentLinkedQueue<>();
  // Guards these two.
  private final Object beginning = new Object();
  private final List<Ports.Port> early = new ArrayList<>();
  private boolean begun;
  private final PayloadResolver.Watch watch;
  private volatile boolean shuttingDown;
  private volatile boolean leaving;
  private volatile boolean closed;

  /**
   * Takes up what the journal knows; nothing is started before its adapter is there, and no platform is asked before {@link
   * #begin}.
   *
   * @param container identifies the process that the container is
   * @throws IOException when the journal cannot be read or written
   */
  public Engine(
      Path data,
      Path home,
      String container,
      ConfigReader reader,
      PayloadResolver payloads,
      Services services)
      throws IOException {
    this.reader = reader;
    this.payloads = payloads;
    this.services = services;
    policies = new Policies(services);
    folders = new Folders(data, home);
    launcher = new Launcher(folders, payloads);
    journal = new Journal(folders.journal(), container);
    int few = Math.clamp(Runtime.getRuntime().availableProcessors(), 2, 4);
    int[] number = new int[1];
    threads =
        Executors.newFixedThreadPool(
            few,
            r -> Thread.ofPlatform().daemon().name("duende-engine-" + ++number[0]).unstarted(r));
    calls = new CallPool("duende-call", 2 * few, CALLS_AT_ONCE);
    listeners = new CallPool("duende-listener", 2, 64);
    events = new EventHub(listeners);
    treeBox = new Mailbox(threads);
    journal.problems().forEach(p -> LOG.log(Level.WARNING, "journal: {0}", p));
    takeUp();
    watch = payloads.watch(this::payloadChanged);
  }

  // What its parts share

  Executor threads() {
    return threads;
  }

  CallPool calls() {
    return calls;
  }

  ClockOfDay clock() {
    return clock;
  }

  Timers timers() {
    return timers;
  }

  Prober prober() {
    return prober;
  }

  EventHub events() {
    return events;
  }

  Journal journal() {
    return journal;
  }

  Ports ports() {
    return ports;
  }

  Tickets tickets() {
    return tickets;
  }

  Services services() {
    return services;
  }

  Policies policies() {
    return policies;
  }

  PayloadResolver payloads() {
    return payloads;
  }

  Launcher launcher() {
    return launcher;
  }

  ConfigReader reader() {
    return reader;
  }

  public Instance instance() {
    return folders.instance();
  }

  boolean isShuttingDown() {
    return shuttingDown;
  }

  /** Code of daemons runs on threads that cost nothing and that nobody else needs. */
  Executor daemonThreads() {
    return r -> Thread.ofVirtual().name("duende-health").start(r);
  }

  // The tree

  private void order(Order order) {
    switch (order) {
      case Order.Send s -> {
        Supervisor daemon = daemons.get(s.daemon());
        if (daemon == null) {
          tickets.refuse(s.ticket(), notFound(s.daemon()));
        } else {
          daemon.post(s.message(), s.ticket(), s.sequence());
        }
      }
      case Order.Done d -> tickets.accept(d.ticket(), List.of());
    }
  }

  void seen(String daemon, DaemonStatus status, long generation, long sequence) {
    treeBox.post(() -> tree.seen(daemon, status, generation, sequence));
  }

  void gate(String daemon, long generation) {
    treeBox.post(() -> tree.gate(daemon, generation));
  }

  void died(String daemon, long generation) {
    long now = System.nanoTime();
    treeBox.post(() -> tree.died(daemon, generation, now));
  }

  void desires(String unit, String daemon, boolean running) {
    var _ = journal.wishes(unit, daemon, running);
  }

  /** Something for the tree that can be refused. */
  @FunctionalInterface
  interface TreeCall {
    void make(Tree tree) throws DaemonException;
  }

  /** Puts something to the tree, and waits until it has taken it. */
  void ask(String thing, TreeCall call) throws DaemonException {
    CompletableFuture<Void> taken = new CompletableFuture<>();
    treeBox.here(
        () -> {
          try {
            call.make(tree);
            taken.complete(null);
          } catch (DaemonException | RuntimeException e) {
            taken.completeExceptionally(e);
          }
        });
    Void _ = Tickets.get(taken, thing, Deadline.after(ACCEPT));
  }

  /** Whether the engine's threads still take messages, and its tree answers them; within {@link #ACCEPT}. */
  public boolean answers() {
    try {
      ask("engine", t -> {});
      return true;
    } catch (DaemonException e) {
      return false;
    }
  }

  // Who is there

  DaemonException notFound(String name) {
    return new DaemonException(
        ErrorCode.NOT_FOUND, name, "is not deployed", "see \"duende ps\" for what is");
  }

  Optional<Supervisor> find(String name) {
    Supervisor daemon = daemons.get(name);
    if (daemon != null) {
      return Optional.of(daemon);
    }
    Unit unit = units.get(name);
    return unit == null ? Optional.empty() : unit.daemons.stream().findFirst();
  }

  Supervisor get(String name) throws DaemonException {
    return find(name).orElseThrow(() -> notFound(name));
  }

  /** The instances that a name means: all of a unit, or one. */
  List<Supervisor> targets(String name) throws DaemonException {
    Unit unit = units.get(name);
    if (unit != null) {
      return unit.daemons;
    }
    Supervisor daemon = daemons.get(name);
    if (daemon == null) {
      throw notFound(name);
    }
    return List.of(daemon);
  }

  Unit unit(String name) throws DaemonException {
    Unit unit = units.get(name);
    if (unit == null) {
      throw notFound(name);
    }
    return unit;
  }

  Collection<Supervisor> all() {
    return daemons.values();
  }

  int count(String platform) {
    return (int)
        daemons.values().stream()
            .filter(d -> d.view().config().platform().equals(platform))
            .count();
  }

  String originOf(Supervisor daemon) {
    Unit unit = units.get(daemon.unit());
    return unit == null ? "" : unit.origin;
  }

  // Groups

  void define(GroupConfig group) throws DaemonException {
    List<ConfigFault> faults = reader.check(group, "group " + group.name());
    if (!faults.isEmpty()) {
      throw new ConfigException(faults);
    }
    groups.put(group.name(), group);
    ask(group.name(), t -> t.define(group));
    Void _ = recorded(journal.grouped(group), group.name());
  }

  void forgetGroup(String name) throws DaemonException {
    groups.remove(name);
    ask(name, t -> t.forgetGroup(name));
    Void _ = recorded(journal.ungrouped(name), name);
  }

  List<GroupConfig> groups() {
    return List.copyOf(groups.values());
  }

  @Nullable Void recorded(CompletableFuture<Void> write, String thing) throws DaemonException {
    try {
      return write.get(ACCEPT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, thing, "the wait for the journal was interrupted", "", e);
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new DaemonException(
          ErrorCode.IO,
          thing,
          "was done, but is not on record yet: " + cause.getMessage(),
          "make room on the disk of the data directory; it is tried again until it succeeds",
          e);
    }
  }

  // Deploying

  /** What is wrong with a configuration on the platform that it names. */
  List<ConfigFault> fitness(
      DaemonConfig config, String origin, Ports.Port port, Fingerprint fingerprint) {
    Payload.Kind kind = payloads.kindOf(config);
    List<ConfigFault> faults =
        new ArrayList<>(
            Fitness.faults(
                config,
                origin,
                kind,
                services.host().isPresent() || kind != Payload.Kind.JAVA_CLASS,
                fingerprint,
                port.adapter.schema()));
    if (Launcher.runsHere(config)) {
      faults.addAll(Paths.faults(config, origin));
    }
    if (faults.isEmpty()) {
      for (String fault : port.adapter.check(config)) {
        faults.add(new ConfigFault(origin, 0, 0, config.platform(), fault, ""));
      }
    }
    return faults;
  }

  boolean isKnownToFit(String unit, Supervisor.Fit now) {
    return now.equals(fits.get(unit));
  }

  void knowToFit(String unit, Supervisor.Fit now) {
    fits.put(unit, now);
  }

  /** Everything that can be wrong with it, before anything is done. */
  private void check(DaemonConfig config, DeployOptions options, Duration wait)
      throws DaemonException {
    List<ConfigFault> faults = new ArrayList<>(reader.check(config, options.origin()));
    if (!faults.isEmpty()) {
      throw new ConfigException(faults);
    }
    Optional<Ports.Port> port = ports.find(config.platform());
    if (port.isEmpty() && !wait.isZero()) {
      try {
        port = ports.await(config.platform(), Deadline.after(wait));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      if (port.isEmpty()) {
        throw new DaemonException(
            ErrorCode.NOT_FOUND,
            config.name(),
            "there is no adapter for platform \"" + config.platform() + "\"",
            "the platforms here are "
                + String.join(", ", ports.all().stream().map(p -> p.platform).toList()));
      }
    }
    if (port.isPresent()) {
      Fingerprint found = port.get().fingerprint(config);
      if (!found.present() && !wait.isZero()) {
        // It may just have come.
        found = port.get().look(config);
      }
      if (found.present()) {
        faults.addAll(fitness(config, options.origin(), port.get(), found));
      } else if (!wait.isZero()) {
        throw new DaemonException(
            ErrorCode.NOT_SUPPORTED,
            config.name(),
            "platform \"" + config.platform() + "\" cannot be used here: " + found.problem(),
            "");
      }
    }
    if (!faults.isEmpty()) {
      throw new ConfigException(faults);
    }
    PolicyEngine.Verdict verdict = policies.beforeDeploy(config);
    if (!verdict.allowed()) {
      throw new DaemonException(
          ErrorCode.POLICY, config.name(), "may not be deployed: " + verdict.reason(), "");
    }
  }

  Unit deploy(DaemonConfig config, DeployOptions options, Duration wait) throws DaemonException {
    check(config, options, wait);
    Unit unit;
    CompletableFuture<Void> write;
    boolean changed;
    lock.lock();
    try {
      refuseClosed(config.name());
      Unit before = units.get(config.name());
      if (before != null && before.removal != null) {
        throw new DaemonException(
            ErrorCode.INVALID_STATE,
            config.name(),
            "is being removed",
            "deploy it again once it is gone");
      }
      if (before != null && !options.replace()) {
        throw new DaemonException(
            ErrorCode.ALREADY_EXISTS,
            config.name(),
            "is deployed already, from " + before.origin,
            "remove it first, or replace it");
      }
      if (before == null) {
        unit = install(config, options);
        write =
            unit.recorded
                ? journal.deployed(unit.deployment(wishes(unit, options.start())))
                : done();
        changed = true;
      } else {
        changed = !before.config.equals(config);
        write = change(before, config, options);
        unit = before;
      }
    } finally {
      lock.unlock();
    }
    if (changed) {
      for (Supervisor d : unit.daemons) {
        Void _ = Tickets.get(d.fence(), d.name(), Deadline.after(ACCEPT));
      }
      unit.daemons
          .getFirst()
          .tellFrom(
              s ->
                  new DaemonEvent.Deployed(
                      new DaemonEvent.Source(unit.name(), s.id(), s.time(), s.generation()),
                      options.origin()));
    }
    if (options.start()) {
      startDeployed(unit, wait);
    }
    if (!wait.isZero()) {
      Void _ = recorded(write, config.name());
    }
    return unit;
  }

  private static CompletableFuture<Void> done() {
    return CompletableFuture.completedFuture(null);
  }

  private void refuseClosed(String name) throws DaemonException {
    if (closed) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, name, "the manager is stopping", "try again later");
    }
  }

  /** What is to run after a deployment: what ran already, and what is new when it is to be started. */
  private static Map<String, Boolean> wishes(Unit unit, boolean start) {
    Map<String, Boolean> wishes = new HashMap<>();
    unit.daemons.forEach(
        d -> wishes.put(d.name(), d.view().isActive() || (start && isNew(d.view()))));
    return wishes;
  }

  private static boolean isNew(View view) {
    return view.info().status().equals(DaemonStatus.CREATED);
  }

  private Unit install(DaemonConfig config, DeployOptions options) throws DaemonException {
    String name = config.name();
    List<Supervisor> made = new ArrayList<>();
    for (String instance : Unit.names(config)) {
      made.add(
          new Supervisor(
              this,
              name,
              instance,
              newId(config),
              config,
              !options.transientDaemon(),
              Optional.empty(),
              options.start()));
    }
    Unit unit = new Unit(config, options.origin(), !options.transientDaemon(), made);
    made.forEach(d -> daemons.put(d.name(), d));
    try {
      plant(unit, true);
    } catch (DaemonException e) {
      made.forEach(d -> daemons.remove(d.name()));
      throw e;
    }
    units.put(name, unit);
    return unit;
  }

  /** A daemon object has an id of its own, for a name that is new. */
  private DaemonId newId(DaemonConfig config) {
    if (config.what() instanceof What.Service && config.instances() == 1) {
      try {
        if (payloads.resolve(config) instanceof Payload.InProcess p) {
          return p.source().create().id();
        }
      } catch (DaemonException | RuntimeException | LinkageError e) {
        LOG.log(Level.DEBUG, "{0}: no id of its own: {1}", config.name(), e);
      }
    }
    return DaemonId.random();
  }

  private void plant(Unit unit, boolean isNew) throws DaemonException {
    plant(unit.config, unit.origin, unit.daemons, isNew);
  }

  private void plant(
      DaemonConfig config, String origin, List<Supervisor> instances, boolean checkCycle)
      throws DaemonException {
    Map<String, DaemonStatus> states = new LinkedHashMap<>();
    instances.forEach(d -> states.put(d.name(), d.view().info().status()));
    ask(
        config.name(),
        t -> {
          Optional<List<String>> cycle =
              checkCycle ? t.cycle(config.name(), config.depends()) : Optional.empty();
          if (cycle.isPresent()) {
            throw new ConfigException(
                List.of(
                    new ConfigFault(
                        origin,
                        0,
                        0,
                        "depends",
                        "depends on itself: " + String.join(" -> ", cycle.get()),
                        "remove one of these dependencies")));
          }
          t.put(config.name(), config.depends(), states);
        });
  }

  /** Under the lock. */
  private CompletableFuture<Void> change(Unit unit, DaemonConfig config, DeployOptions options)
      throws DaemonException {
    DaemonConfig old = unit.config;
    if (old.equals(config) && unit.origin.equals(options.origin())) {
      return done();
    }
    List<Supervisor> before = unit.daemons;
    List<Supervisor> after = instances(unit, config, options);
    plant(config, options.origin(), after, !old.depends().equals(config.depends()));
    unit.config = config;
    unit.origin = options.origin();
    unit.daemons = after;
    for (Supervisor d : before) {
      if (!after.contains(d)) {
        var _ = endInstance(d);
      }
    }
    for (Supervisor d : after) {
      daemons.put(d.name(), d);
      if (before.contains(d)) {
        configure(d, old, config);
      }
    }
    return unit.recorded
        ? journal.deployed(unit.deployment(wishes(unit, options.start())))
        : done();
  }

  private List<Supervisor> instances(Unit unit, DaemonConfig config, DeployOptions options) {
    Map<String, Supervisor> have = new HashMap<>();
    unit.daemons.forEach(d -> have.put(d.name(), d));
    List<Supervisor> wanted = new ArrayList<>();
    for (String name : Unit.names(config)) {
      Supervisor existing = have.get(name);
      wanted.add(
          existing != null
              ? existing
              : new Supervisor(
                  this,
                  config.name(),
                  name,
                  newId(config),
                  config,
                  unit.recorded,
                  Optional.empty(),
                  options.start()));
    }
    return wanted;
  }

  /** One instance less: it is stopped, then forgotten. */
  private CompletableFuture<Void> endInstance(Supervisor daemon) {
    daemon.post(new Message.Stop(true, Optional.empty()));
    return CompletableFuture.runAsync(
        () -> {
          try {
            if (daemon.await(v -> !v.isActive(), Deadline.after(CLEAN_UP))) {
              daemon.remove();
              journal.forget(daemon.name());
              daemons.remove(daemon.name(), daemon);
            }
          } catch (DaemonException e) {
            LOG.log(Level.WARNING, e.getMessage());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        },
        calls);
  }

  private void configure(Supervisor daemon, DaemonConfig old, DaemonConfig config) {
    if (Changes.needRestart(old, config)) {
      daemon.post(new Message.Configure(config, true));
      return;
    }
    daemon.post(new Message.Configure(config, false));
    if (!daemon.view().live()) {
      return;
    }
    if (!old.resources().equals(config.resources())) {
      limitOrRestart(daemon, config);
    }
    if (payloads.kindOf(config) != Payload.Kind.PROGRAM) {
      reconfigure(daemon, config);
    }
  }

  private void limitOrRestart(Supervisor daemon, DaemonConfig config) {
    Payload.Kind kind = payloads.kindOf(config);
    boolean can =
        ports
            .find(config.platform())
            .map(
                p ->
                    p.fingerprint(config)
                        .can(
                            kind == Payload.Kind.JAVA_CLASS ? Payload.Kind.PROGRAM : kind,
                            Capability.UPDATE_LIMITS))
            .orElse(false);
    if (!can) {
      if (kind != Payload.Kind.IN_PROCESS) {
        daemon.post(new Message.Configure(config, true));
      }
      return;
    }
    Tickets.Ticket ticket = tickets.issue();
    daemon.post(new Message.Limit(config.resources(), ticket.number()), ticket.number(), 0);
    var _ =
        ticket
            .answer()
            .whenComplete(
                (answer, fault) -> {
                  if (fault != null) {
                    daemon.alert(
                        "limits", "not changed while it runs, restarted: " + fault.getMessage());
                    daemon.post(new Message.Configure(config, true));
                  }
                });
  }

  /** Gives a class its changed configuration. */
  void reconfigure(Supervisor daemon, DaemonConfig config) {
    try {
      calls.execute(
          () -> {
            try {
              reloadNow(daemon, config);
            } catch (DaemonException e) {
              daemon.alert("reload", String.valueOf(e.getMessage()));
            }
          });
    } catch (RejectedExecutionException e) {
      LOG.log(Level.DEBUG, "the manager is stopping");
    }
  }

  void reloadNow(Supervisor daemon, DaemonConfig config) throws DaemonException {
    Deadline deadline = Deadline.after(Duration.ofSeconds(10));
    var session = daemon.session();
    if (session.isPresent()) {
      session.get().reload(config, deadline);
    } else {
      DaemonHandle handle = liveHandle(daemon);
      port(handle, daemon.name()).adapter.reload(handle, config, deadline);
    }
    daemon.tellFrom(DaemonEvent.Reloaded::new);
  }

  DaemonHandle liveHandle(Supervisor daemon) throws DaemonException {
    View view = daemon.view();
    if (!view.live() || view.handle().isEmpty()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, daemon.name(), "is " + view.info().status(), "start it first");
    }
    return view.handle().get();
  }

  Ports.Port port(DaemonHandle handle, String name) throws DaemonException {
    Optional<Ports.Port> port = ports.of(handle);
    if (port.isEmpty()) {
      throw new com.paiml.duende.api.AdapterGone(handle.platform(), name);
    }
    return port.get();
  }

  /** What was deployed to be started: what is new, and for a caller who waits also what is at rest. */
  private void startDeployed(Unit unit, Duration wait) throws DaemonException {
    List<String> names =
        unit.daemons.stream()
            .filter(d -> isNew(d.view()) || (!wait.isZero() && !d.view().isActive()))
            .map(Supervisor::name)
            .toList();
    if (!names.isEmpty()) {
      ask(unit.name(), t -> t.start(names, false, Map.of()));
    }
  }

  // Removing

  CompletableFuture<Void> remove(String name, boolean stopFirst) throws DaemonException {
    Unit unit;
    CompletableFuture<Void> removal = new CompletableFuture<>();
    lock.lock();
    try {
      unit = unit(name);
      CompletableFuture<Void> already = unit.removal;
      if (already != null) {
        return already;
      }
      if (!stopFirst) {
        for (Supervisor d : unit.daemons) {
          if (d.view().isActive()) {
            throw new DaemonException(
                ErrorCode.INVALID_STATE,
                d.name(),
                "is " + d.view().info().status(),
                "stop it first, or let it be stopped");
          }
        }
      }
      unit.removal = removal;
    } finally {
      lock.unlock();
    }
    List<String> names = unit.daemons.stream().map(Supervisor::name).toList();
    boolean begun = false;
    try {
      ask(name, t -> t.stop(names, true, Map.of()));
      calls.execute(() -> removeWhenAtRest(unit, removal));
      begun = true;
    } finally {
      if (!begun) {
        // Whoever asked was interrupted: the next one must not wait for what nobody does.
        unit.removal = null;
        boolean _ =
            removal.completeExceptionally(
                new DaemonException(
                    ErrorCode.INVALID_STATE, name, "its removal was given up", "remove it again"));
      }
    }
    return removal;
  }

  private void removeWhenAtRest(Unit unit, CompletableFuture<Void> removal) {
    try {
      for (Supervisor d : unit.daemons) {
        if (!d.await(v -> !v.isActive(), Deadline.after(Duration.ofSeconds(1)))) {
          // Threads are not held by daemons that take their time.
          var _ =
              timers.after(
                  100_000_000L, () -> onCalls(() -> removeWhenAtRest(unit, removal), removal));
          return;
        }
      }
      for (Supervisor d : unit.daemons) {
        d.remove();
      }
      forget(unit);
      if (unit.recorded) {
        Void _ = recorded(journal.removed(unit.deployment(Map.of())), unit.name());
      } else {
        unit.daemons.forEach(d -> journal.forget(d.name()));
      }
      removal.complete(null);
    } catch (DaemonException e) {
      unit.removal = null;
      removal.completeExceptionally(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      unit.removal = null;
      removal.completeExceptionally(e);
    }
  }

  private static void onCallsFailed(CompletableFuture<Void> what) {
    what.completeExceptionally(
        new DaemonException(ErrorCode.INVALID_STATE, "", "the manager is stopping", ""));
  }

  private void onCalls(Runnable what, CompletableFuture<Void> promise) {
    try {
      calls.execute(what);
    } catch (RejectedExecutionException e) {
      onCallsFailed(promise);
    }
  }

  private void forget(Unit unit) throws DaemonException {
    ask(unit.name(), t -> t.drop(unit.name()));
    for (Supervisor d : unit.daemons) {
      daemons.remove(d.name());
      d.tell(
          new DaemonEvent.Removed(
              new DaemonEvent.Source(
                  d.name(), d.id(), Instant.now(), d.view().info().generation())));
    }
    units.remove(unit.name());
    fits.remove(unit.name());
  }

  // Taking up

  private void takeUp() {
    for (GroupConfig group : journal.groups()) {
      groups.put(group.name(), group);
      treeBox.post(() -> tree.define(group));
    }
    List<String> starts = new ArrayList<>();
    for (Deployment deployment : journal.deployments()) {
      DaemonConfig config = deployment.config();
      List<Supervisor> made = new ArrayList<>();
      deployment
          .ids()
          .forEach(
              (name, id) -> {
                Optional<RunRecord> before = journal.run(name);
                boolean wish =
                    deployment.wishes().getOrDefault(name, false)
                        || (config.restart() == RestartPolicy.ALWAYS
                            && !journal.isSameContainer()
                            && before.isPresent());
                boolean begins = isToStart(config, wish, before);
                if (begins) {
                  starts.add(name);
                }
                made.add(
                    new Supervisor(
                        this, config.name(), name, id, config, true, before, wish || begins));
              });
      Unit unit = new Unit(config, deployment.origin(), true, made);
      units.put(config.name(), unit);
      made.forEach(d -> daemons.put(d.name(), d));
      Map<String, DaemonStatus> states = new LinkedHashMap<>();
      made.forEach(d -> states.put(d.name(), d.view().info().status()));
      treeBox.post(() -> tree.put(config.name(), config.depends(), states));
    }
    if (!starts.isEmpty()) {
      treeBox.post(
          () -> {
            try {
              tree.start(starts, false, Map.of());
            } catch (DaemonException e) {
              LOG.log(Level.ERROR, "daemons could not be started again: {0}", e.getMessage());
            }
          });
    }
  }

  /** Whether a daemon that is not running is to be started with the manager. */
  private boolean isToStart(DaemonConfig config, boolean wish, Optional<RunRecord> before) {
    if (before.isEmpty()) {
      return wish;
    }
    RunRecord r = before.get();
    if (r.open() && r.handle().isPresent()) {
      return false;
    }
    boolean atRest = r.status().isTerminal();
    if (wish && (!atRest || r.byShutdown())) {
      return true;
    }
    if (journal.isSameContainer()) {
      return false;
    }
    // The container was started again.
    boolean halted = r.status().reason().orElse(null) instanceof FailureReason.PolicyViolation;
    return !halted
        && (config.restart() == RestartPolicy.ALWAYS
            || (wish && config.restart() == RestartPolicy.UNLESS_STOPPED));
  }

  // Adapters

  public void add(PlatformAdapter adapter, String platform, String bundle, int ranking) {
    ports.add(adapter, platform, bundle, ranking).ifPresent(this::came);
  }

  /**
   * Has what ran before looked for with the adapters that have been added by now, and from now on with each that is added. To be
   * called once. Questions are answered without that: the threads that look take the processors from whoever makes the engine
   * known, and where it takes the place of another many wait for an answer.
   */
  public void begin() {
    if (journal.isSameContainer()) {
      var _ = timers.after(AFTER_A_SWAP.toNanos(), this::lookAfterAll);
    } else {
      lookAfterAll();
    }
  }

  private void lookAfterAll() {
    synchronized (beginning) {
      begun = true;
      early.forEach(this::lookAfter);
      early.clear();
    }
    tellRecovery();
  }

  public void remove(PlatformAdapter adapter) {
    if (closed) {
      // Its services are taken from it after it was closed; nobody is looked after any more.
      return;
    }
    ports
        .remove(adapter)
        .ifPresent(
            change -> {
              Ports.Port gone = change.gone();
              synchronized (beginning) {
                boolean _ = early.remove(gone);
              }
              boolean _ = recovered(gone);
              adapterEvent(gone, false);
              daemons.values().forEach(d -> d.adapterLeft(gone));
              change.instead().ifPresent(this::came);
            });
  }

  private void adapterEvent(Ports.Port port, boolean present) {
    events.tell(
        new DaemonEvent.AdapterChanged(
            new DaemonEvent.Source(
                port.platform, new DaemonId(new java.util.UUID(0, 0)), Instant.now(), port.epoch),
            port.platform,
            present));
  }

  private void came(Ports.Port port) {
    synchronized (beginning) {
      if (!begun) {
        early.add(port);
        return;
      }
    }
    lookAfter(port);
  }

  /** Every run of the platform is looked for first; then what belongs to none is removed; then others may start. */
  private void lookAfter(Ports.Port port) {
    adapterEvent(port, true);
    Set<String> open = new HashSet<>();
    for (Supervisor d : daemons.values()) {
      View v = d.view();
      if (v.live() && v.handle().map(h -> h.platform().equals(port.platform)).orElse(false)) {
        open.add(d.name());
      }
    }
    if (open.isEmpty()) {
      onCalls(() -> complete(port), new CompletableFuture<>());
      return;
    }
    // A run that ends or goes meanwhile is not waited for.
    Timers.Cancel limit = timers.after(Duration.ofSeconds(35).toNanos(), () -> giveUpWaiting(port));
    Set<String> left = ConcurrentHashMap.newKeySet();
    left.addAll(open);
    recovering.put(port, new Recovering(left, limit));
    for (String name : List.copyOf(open)) {
      Supervisor d = daemons.get(name);
      if (d == null) {
        recoveryTried(port, name);
      } else {
        d.post(new Message.AdapterCame());
      }
    }
  }

  /**
   * @param open daemons whose runs are still looked for
   * @param limit of the wait; it keeps the adapter's classes, so it goes with the wait
   */
  private record Recovering(Set<String> open, Timers.Cancel limit) {}

  private void giveUpWaiting(Ports.Port port) {
    if (recovered(port)) {
      onCalls(() -> complete(port), new CompletableFuture<>());
    }
  }

  void recoveryTried(Ports.Port port, String name) {
    Recovering wait = recovering.get(port);
    if (wait != null) {
      wait.open().remove(name);
      if (wait.open().isEmpty() && recovered(port)) {
        onCalls(() -> complete(port), new CompletableFuture<>());
      }
    }
  }

  /** Nothing more of this port's is waited for. */
  private boolean recovered(Ports.Port port) {
    Recovering wait = recovering.remove(port);
    if (wait != null) {
      wait.limit().cancel();
    }
    tellRecovery();
    return wait != null;
  }

  /**
   * Completes once each run of an earlier container, or of the manager before this one, has been looked for on the platforms
   * that are there; at once when there is none to look for. Also when this engine is closed.
   */
  public CompletionStage<Void> recovery() {
    CompletableFuture<Void> asked = new CompletableFuture<>();
    awaitingRecovery.add(asked);
    tellRecovery();
    return asked;
  }

  private boolean hasBegun() {
    synchronized (beginning) {
      return begun;
    }
  }

  private void tellRecovery() {
    if ((hasBegun() && recovering.isEmpty()) || closed) {
      CompletableFuture<Void> waits;
      while ((waits = awaitingRecovery.poll()) != null) {
        waits.complete(null);
      }
    }
  }

  private void complete(Ports.Port port) {
    List<DaemonHandle> kept = new ArrayList<>();
    for (Supervisor d : daemons.values()) {
      d.view().handle().filter(h -> h.platform().equals(port.platform)).ifPresent(kept::add);
    }
    try {
      port.adapter.recoveryComplete(instance(), kept, Deadline.after(CLEAN_UP));
    } catch (DaemonException | RuntimeException | LinkageError e) {
      LOG.log(
          Level.WARNING,
          "platform "
              + port.platform
              + ": what belongs to no daemon could not be removed: "
              + e.getMessage());
    }
    port.open = true;
    for (Supervisor d : daemons.values()) {
      d.post(new Message.Wake());
    }
  }

  /** The runtime of hosted classes has come: who waited for it looks again. */
  public void wakeAll() {
    daemons.values().forEach(d -> d.post(new Message.Wake()));
  }

  private void payloadChanged(
      java.util.function.Predicate<DaemonConfig> affected, boolean available) {
    for (Supervisor d : daemons.values()) {
      if (affected.test(d.view().config())) {
        d.post(available ? new Message.Wake() : new Message.Renew());
      }
    }
  }

  // The end

  /** Stops all, dependants first. */
  void shutdown(Duration wait) throws DaemonException {
    shuttingDown = true;
    Tickets.Ticket ticket = tickets.issue();
    var _ = ticket.answer().whenComplete((a, e) -> shuttingDown = false);
    treeBox.post(() -> tree.stopAll(ticket.number()));
    if (wait.isZero()) {
      return;
    }
    try {
      Object _ = tickets.await(ticket, "shutdown", Deadline.after(wait));
    } catch (DaemonException e) {
      List<String> left =
          daemons.values().stream()
              .filter(d -> d.view().isActive())
              .map(Supervisor::name)
              .limit(10)
              .toList();
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          String.join(", ", left),
          "not stopped within " + wait.toMillis() + " ms",
          "they are still being stopped",
          e);
    }
  }

  /**
   * Before {@link #close}, which then has little to wait for: from now on {@link #checkStays} refuses, while all else is
   * answered. Stops what lives in this JVM, and returns when no platform is being worked with, or when {@link
   * #close} would not wait longer either.
   */
  public void leave() {
    leaving = true;
    stopInside();
    calls.awaitIdle();
  }

  /**
   * To be asked before something is begun.
   *
   * @throws DaemonException {@link ErrorCode#MANAGER_GONE} when the next manager has to do that
   */
  public void checkStays() throws DaemonException {
    if (leaving) {
      throw new DaemonException(
          ErrorCode.MANAGER_GONE, "the manager", "is being replaced", "ask again in a moment");
    }
  }

  /** Lets go of programs, which go on; stops what lives in this JVM, in order, for it is started again with the manager. */
  @Override
  public void close() {
    closed = true;
    leaving = true;
    tellRecovery();
    watch.close();
    stopInside();
    daemons.values().forEach(Supervisor::retire);
    timers.close();
    calls.close();
    threads.shutdown();
    listeners.close();
    if (!journal.flush(Duration.ofSeconds(5))) {
      LOG.log(Level.WARNING, "the journal could not be written to its end");
    }
    journal.close();
  }

  private void stopInside() {
    List<String> inside =
        daemons.values().stream()
            .filter(
                d ->
                    d.view().isActive()
                        && payloads.kindOf(d.view().config()) == Payload.Kind.IN_PROCESS)
            .map(Supervisor::name)
            .toList();
    if (!inside.isEmpty()) {
      shuttingDown = true;
      Tickets.Ticket ticket = tickets.issue();
      treeBox.post(() -> tree.stopThese(inside, ticket.number()));
      try {
        Object _ = tickets.await(ticket, "the container's own daemons", Deadline.after(DETACH));
      } catch (DaemonException e) {
        LOG.log(Level.WARNING, "some daemons of this JVM have not stopped: {0}", e.getMessage());
      }
    }
  }

  /** Halts for policies. */
  void halt(String name, String policy, String detail) throws DaemonException {
    for (Supervisor d : targets(name)) {
      d.post(new Message.Halt(policy, detail));
    }
  }

  void limit(String name, Resources resources) throws DaemonException {
    for (Supervisor d : targets(name)) {
      Tickets.Ticket ticket = tickets.issue();
      d.post(new Message.Limit(resources, ticket.number()), ticket.number(), 0);
      var _ =
          ticket
              .answer()
              .whenComplete(
                  (answer, fault) -> {
                    if (fault != null) {
                      d.alert("limits", String.valueOf(fault.getMessage()));
                    }
                  });
    }
  }
}
