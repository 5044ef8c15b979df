package com.paiml.duende.manager.engine;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.ErrorCode;
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
import com.paiml.duende.manager.life.Message;
import com.paiml.duende.manager.life.Phase;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.PolicyEngine;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.Tracer;
import com.paiml.duende.spi.UsageSample;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Predicate;

/** What operators can do, on their own threads: puts it to the engine and waits for what comes of it. */
public final class Control implements DaemonManager {
  private static final Logger LOG = System.getLogger(Control.class.getName());
  private static final Duration ACCEPT = Duration.ofSeconds(30);
  private static final Duration CALL = Duration.ofSeconds(5);
  private static final int LISTENER_QUEUE = 1024;
  private static final int POLICY_QUEUE = 16_384;

  private final Engine engine;
  private final Map<Object, EventHub.Subscriber> subscribers = new ConcurrentHashMap<>();

  public Control(Engine engine) {
    this.engine = engine;
  }

  // Files and groups

  @Override
  public DaemonConfig parse(String text, String origin) throws ConfigException {
    return engine.reader().read(text, origin);
  }

  @Override
  public GroupConfig parseGroup(String text, String origin) throws ConfigException {
    return engine.reader().readGroup(text, origin);
  }

  @Override
  public void deployGroup(GroupConfig group) throws DaemonException {
    engine.define(group);
  }

  @Override
  public void removeGroup(String name) throws DaemonException {
    engine.forgetGroup(name);
  }

  @Override
  public List<GroupConfig> groups() {
    return engine.groups();
  }

  // Commands

  @Override
  public DaemonInfo deploy(DaemonConfig config, DeployOptions options, Duration wait)
      throws DaemonException {
    Deadline deadline = Deadline.after(wait);
    Unit unit = engine.deploy(config, options, wait);
    if (options.start() && !wait.isZero()) {
      awaitRunning(unit.daemons, Map.of(), deadline);
    }
    return unit.daemons.getFirst().info();
  }

  @Override
  public DaemonInfo start(String name, Duration wait) throws DaemonException {
    Deadline deadline = Deadline.after(wait);
    List<Supervisor> targets = engine.targets(name);
    List<Supervisor> resting = targets.stream().filter(d -> !d.view().isActive()).toList();
    // Of several instances those that are down; when none is, the refusal names one that is up.
    List<Supervisor> wanted = resting.isEmpty() ? targets.subList(0, 1) : resting;
    accepted(
        wanted, true, (names, tickets) -> engine.ask(name, t -> t.start(names, true, tickets)));
    if (!wait.isZero()) {
      awaitRunning(wanted, Map.of(), deadline);
      Void _ = engine.recorded(engine.journal().lastWish(), name);
    }
    return targets.getFirst().info();
  }

  @Override
  public DaemonInfo stop(String name, Duration wait) throws DaemonException {
    Deadline deadline = Deadline.after(wait);
    List<Supervisor> targets = engine.targets(name);
    accepted(
        targets,
        !wait.isZero(),
        (names, tickets) -> engine.ask(name, t -> t.stop(names, true, tickets)),
        deadline);
    if (!wait.isZero()) {
      for (Supervisor d : targets) {
        await(d, v -> !v.isActive(), deadline, "has not stopped yet");
      }
      Void _ = engine.recorded(engine.journal().lastWish(), name);
    }
    return targets.getFirst().info();
  }

  @Override
  public DaemonInfo restart(String name, Duration wait) throws DaemonException {
    Deadline deadline = Deadline.after(wait);
    List<Supervisor> targets = engine.targets(name);
    Map<Supervisor, Long> before = new HashMap<>();
    targets.forEach(d -> before.put(d, d.view().info().generation()));
    accepted(
        targets,
        !wait.isZero(),
        (names, tickets) -> engine.ask(name, t -> t.restart(names, tickets)),
        deadline);
    if (!wait.isZero()) {
      awaitRunning(targets, before, deadline);
    }
    return targets.getFirst().info();
  }

  @FunctionalInterface
  private interface Put {
    void put(List<String> names, Map<String, Long> tickets) throws DaemonException;
  }

  private void accepted(List<Supervisor> targets, boolean wait, Put put) throws DaemonException {
    accepted(targets, wait, put, Deadline.after(ACCEPT));
  }

  /** Puts a command, and waits until every target has taken or refused it. */
  private void accepted(List<Supervisor> targets, boolean wait, Put put, Deadline deadline)
      throws DaemonException {
    List<String> names = targets.stream().map(Supervisor::name).toList();
    Map<String, Long> numbers = new HashMap<>();
    List<Tickets.Ticket> issued = new ArrayList<>();
    for (String name : names) {
      Tickets.Ticket ticket = engine.tickets().issue();
      issued.add(ticket);
      numbers.put(name, ticket.number());
    }
    try {
      put.put(names, numbers);
    } catch (DaemonException e) {
      numbers.values().forEach(n -> engine.tickets().accept(n, List.of()));
      throw e;
    }
    if (wait) {
      for (int i = 0; i < issued.size(); i++) {
        Object _ = engine.tickets().await(issued.get(i), names.get(i), deadline);
      }
    } else {
      issued.forEach(t -> engine.tickets().accept(t.number(), List.of()));
    }
  }

  private void awaitRunning(
      List<Supervisor> targets, Map<Supervisor, Long> before, Deadline deadline)
      throws DaemonException {
    for (Supervisor d : targets) {
      long after = before.getOrDefault(d, -1L);
      await(
          d,
          v ->
              v.info().generation() > after
                  && (v.info().ready() || v.info().status().isTerminal())
                  && v.phase() != Phase.ENDING,
          deadline,
          "is not running yet");
      View v = d.view();
      if (v.info().status().state() == State.FAILED) {
        throw failed(d, v);
      }
    }
  }

  private static DaemonException failed(Supervisor d, View v) {
    Optional<DaemonException> fault = v.fault();
    return fault.isPresent()
        ? fault.get()
        : new DaemonException(
            ErrorCode.SPAWN,
            d.name(),
            "has failed: "
                + v.info().status().reason().map(r -> r.describe()).orElse("for no known reason"),
            "see its log (duende logs " + d.name() + ")");
  }

  private static void await(
      Supervisor d, Predicate<View> wanted, Deadline deadline, String otherwise)
      throws DaemonException {
    try {
      if (d.await(wanted, deadline)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    View v = d.view();
    String activity = v.info().activity();
    throw new DaemonException(
        ErrorCode.TIMEOUT,
        d.name(),
        otherwise
            + ": "
            + v.info().status()
            + (activity.isEmpty() ? "" : ", " + activity)
            + v.info().lastExit().map(e -> ", last run: " + e.describe()).orElse(""),
        "it is still being worked for; see \"duende status " + d.name() + "\"");
  }

  /** A command for each target that concerns nobody else; taken in its turn after what was asked before. */
  private List<Object> pass(String name, Function<Long, Message> message, Deadline deadline)
      throws DaemonException {
    List<Supervisor> targets = engine.targets(name);
    List<Tickets.Ticket> issued = new ArrayList<>();
    for (Supervisor d : targets) {
      Tickets.Ticket ticket = engine.tickets().issue();
      issued.add(ticket);
      Message m = message.apply(ticket.number());
      engine.ask(d.name(), t -> t.pass(d.name(), m, ticket.number()));
    }
    List<Object> answers = new ArrayList<>();
    for (int i = 0; i < issued.size(); i++) {
      answers.add(engine.tickets().await(issued.get(i), targets.get(i).name(), deadline));
    }
    return answers;
  }

  /** Waits for the adapter of a daemon, as long as the caller is ready to. */
  private void awaitAdapter(String name, Deadline deadline) throws DaemonException {
    for (Supervisor d : engine.targets(name)) {
      try {
        boolean _ = d.await(v -> v.observed() || !v.live(), deadline);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void signal(String name, Signal signal) throws DaemonException {
    List<Object> _ = pass(name, t -> new Message.Send(signal, t), Deadline.after(ACCEPT));
  }

  @Override
  public void reload(String name) throws DaemonException {
    Supervisor first = engine.get(name);
    Unit unit = engine.unit(first.unit());
    DaemonConfig old = unit.config;
    DaemonConfig now = engine.reader().reread(unit.origin).orElse(old);
    if (!now.equals(old)) {
      if (!now.name().equals(old.name())
          || now.instances() != old.instances()
          || Changes.needRestart(old, now)) {
        first.alert("reload", "what was changed takes a restart: duende restart " + name);
        throw new DaemonException(
            ErrorCode.INVALID_STATE,
            name,
            "what was changed in " + unit.origin + " takes a restart",
            "deploy it again (duende deploy), which restarts it");
      }
      Unit _ =
          engine.deploy(
              now, new DeployOptions(false, true, unit.origin, !unit.recorded), Duration.ZERO);
    }
    for (Supervisor d : engine.targets(name)) {
      engine.reloadNow(d, now);
    }
  }

  @Override
  public DaemonInfo pause(String name, Duration wait) throws DaemonException {
    return pauseOrResume(name, wait, new Message.Pause(), DaemonStatus.PAUSED, "is not paused yet");
  }

  @Override
  public DaemonInfo resume(String name, Duration wait) throws DaemonException {
    return pauseOrResume(
        name, wait, new Message.Resume(), DaemonStatus.RUNNING, "is not resumed yet");
  }

  private DaemonInfo pauseOrResume(
      String name, Duration wait, Message message, DaemonStatus wanted, String otherwise)
      throws DaemonException {
    Deadline deadline = Deadline.after(wait);
    awaitAdapter(name, deadline);
    List<Object> _ = pass(name, t -> message, Deadline.after(ACCEPT));
    List<Supervisor> targets = engine.targets(name);
    if (!wait.isZero()) {
      for (Supervisor d : targets) {
        await(
            d, v -> v.phase() != Phase.PAUSING && v.phase() != Phase.RESUMING, deadline, otherwise);
        View v = d.view();
        if (!v.info().status().equals(wanted)) {
          throw v.fault()
              .orElseGet(
                  () ->
                      new DaemonException(
                          ErrorCode.INVALID_STATE,
                          d.name(),
                          "is " + v.info().status() + " meanwhile",
                          ""));
        }
      }
    }
    return targets.getFirst().info();
  }

  @Override
  public void remove(String name, boolean stopFirst, Duration wait) throws DaemonException {
    CompletableFuture<Void> removal = engine.remove(name, stopFirst);
    if (wait.isZero()) {
      return;
    }
    try {
      Void _ = removal.get(wait.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof DaemonException d
          ? d
          : new DaemonException(ErrorCode.INTERNAL, name, "could not be removed: " + e, "", e);
    } catch (TimeoutException e) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          name,
          "is not removed yet: "
              + engine.find(name).map(d -> d.view().info().status()).orElse(DaemonStatus.STOPPED),
          "it will be as soon as it has stopped",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(ErrorCode.TIMEOUT, name, "the wait was interrupted", "", e);
    }
  }

  @Override
  public DaemonInfo updateLimits(String name, Resources resources, Duration wait)
      throws DaemonException {
    Deadline deadline = Deadline.after(wait.isZero() ? ACCEPT : wait);
    awaitAdapter(name, Deadline.after(wait));
    List<Object> _ = pass(name, t -> new Message.Limit(resources, t), deadline);
    return engine.get(name).info();
  }

  @Override
  public void halt(String name, String policy, String detail) throws DaemonException {
    engine.halt(name, policy, detail);
  }

  @Override
  public void shutdown(Duration wait) throws DaemonException {
    engine.shutdown(wait);
  }

  // Questions

  @Override
  public Optional<DaemonInfo> find(String name) {
    return engine.find(name).map(Supervisor::info);
  }

  @Override
  public List<DaemonInfo> list() {
    return engine.all().stream().map(Supervisor::info).toList();
  }

  @Override
  public int count() {
    return engine.all().size();
  }

  @Override
  public DaemonDetails describe(String name) throws DaemonException {
    Supervisor d = engine.get(name);
    View v = d.view();
    Optional<PlatformStatus> platform = Optional.empty();
    if (v.live() && v.handle().isPresent()) {
      DaemonHandle handle = v.handle().get();
      try {
        platform =
            Optional.of(engine.port(handle, name).adapter.status(handle, Deadline.after(CALL)));
      } catch (DaemonException e) {
        // Its last known state is told all the same; that nobody can be asked shows in it.
        LOG.log(Level.DEBUG, "{0}: {1}", name, e.getMessage());
      }
    }
    return new DaemonDetails(
        v.info(engine.clock()),
        v.config(),
        engine.originOf(d),
        engine.launcher().stateOf(d.name()),
        v.handle(),
        platform,
        d.events(),
        d.probeCost());
  }

  @Override
  public HealthStatus health(String name, Duration wait) throws DaemonException {
    Supervisor d = engine.get(name);
    View v = d.view();
    DaemonHandle handle = engine.liveHandle(d);
    Optional<Prober.Question> question = d.healthQuestion();
    if (question.isEmpty()) {
      if (v.info().health().isPresent()) {
        return v.info().health().get();
      }
      PlatformStatus status =
          engine.port(handle, name).adapter.status(handle, Deadline.after(CALL));
      boolean runs = status.state() != PlatformStatus.State.ENDED;
      return (runs ? HealthStatus.healthy(5) : HealthStatus.unhealthy("has ended"))
          .withCheck("process", runs, runs ? "runs; no health check is configured" : "has ended");
    }
    Duration most = v.config().healthCheck().timeout();
    Duration timeout = wait.isZero() || wait.compareTo(most) > 0 ? most : wait;
    CompletableFuture<HealthStatus> answer = new CompletableFuture<>();
    Prober.Probe _ =
        engine.prober().put(question.get(), timeout, d.healthThreads(), a -> answer.complete(a));
    return Tickets.get(answer, name, Deadline.after(timeout.plus(CALL)));
  }

  @Override
  public Optional<DaemonMetrics.Snapshot> metrics(String name) throws DaemonException {
    Supervisor d = engine.get(name);
    Optional<HostRuntime.Session> session = d.session();
    if (session.isPresent()) {
      return Optional.of(session.get().metrics(Deadline.after(CALL)));
    }
    View v = d.view();
    return v.live()
        ? v.handle()
            .flatMap(h -> engine.ports().of(h).flatMap(p -> p.adapter.inProcess(h)))
            .map(daemon -> daemon.metrics().snapshot())
        : Optional.empty();
  }

  @Override
  public String origin(String name) throws DaemonException {
    return engine.originOf(engine.get(name));
  }

  @Override
  public DaemonConfig config(String name) throws DaemonException {
    return engine.get(name).view().config();
  }

  @Override
  public UsageSample usage(String name) throws DaemonException {
    Supervisor d = engine.get(name);
    DaemonHandle handle = engine.liveHandle(d);
    return engine.port(handle, name).adapter.usage(handle, Deadline.after(CALL));
  }

  @Override
  public BitSet unchanged(List<String> names, List<UsageSample> known) {
    BitSet all = new BitSet();
    Map<PlatformAdapter, Questions> questions = new HashMap<>(1);
    for (int i = 0; i < names.size(); i++) {
      try {
        DaemonHandle handle = engine.liveHandle(engine.get(names.get(i)));
        questions
            .computeIfAbsent(engine.port(handle, names.get(i)).adapter, a -> new Questions())
            .add(i, handle, known.get(i));
      } catch (DaemonException notNow) {
        LOG.log(Level.TRACE, "has no figures", notNow);
      }
    }
    questions.forEach((adapter, of) -> of.ask(adapter, all));
    return all;
  }

  /** What is asked of one adapter at once. */
  private static final class Questions {
    private final List<Integer> places = new ArrayList<>();
    private final List<DaemonHandle> handles = new ArrayList<>();
    private final List<UsageSample> known = new ArrayList<>();

    void add(int place, DaemonHandle handle, UsageSample last) {
      places.add(place);
      handles.add(handle);
      known.add(last);
    }

    /** An adapter that cannot answer does not keep anybody from asking for each. */
    void ask(PlatformAdapter adapter, BitSet all) {
      try {
        adapter.unchanged(handles, known, Deadline.after(CALL)).stream()
            .filter(i -> i < places.size())
            .map(places::get)
            .forEach(all::set);
      } catch (DaemonException | RuntimeException refused) {
        LOG.log(Level.DEBUG, "cannot tell who has rested", refused);
      }
    }
  }

  @Override
  public TraceSession trace(String name, Tracer tracer, TraceOptions options, Duration wait)
      throws DaemonException {
    Supervisor d = engine.get(name);
    DaemonHandle handle = engine.liveHandle(d);
    Duration most = wait.isZero() ? CALL : wait;
    return engine
        .port(handle, name)
        .adapter
        .attachTracer(handle, tracer, options, Deadline.after(most));
  }

  @Override
  public void alert(String name, String kind, String detail) throws DaemonException {
    engine.get(name).alert(kind, detail);
  }

  @Override
  public LogStream logs(String name, LogQuery query) throws DaemonException {
    Supervisor d = engine.get(name);
    DaemonHandle handle =
        d.view()
            .handle()
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.NOT_FOUND,
                        d.name(),
                        "has no log: it has not been started yet",
                        "start it first"));
    return engine.port(handle, name).adapter.logs(handle).open(query);
  }

  @Override
  public List<AdapterInfo> adapters() {
    return engine.ports().all().stream()
        .map(
            p ->
                new AdapterInfo(
                    p.platform, p.bundle, p.look(), p.adapter.schema(), engine.count(p.platform)))
        .toList();
  }

  // Listeners

  @Override
  public Subscription watch(DaemonListener listener) {
    EventHub.Subscriber subscriber = engine.events().subscribe(listener, LISTENER_QUEUE);
    return subscriber::close;
  }

  public void listen(DaemonListener listener) {
    subscribers.put(listener, engine.events().subscribe(listener, LISTENER_QUEUE));
  }

  public void listen(PolicyEngine policy) {
    Actions actions = new Actions(policy.name());
    subscribers.put(
        policy,
        engine
            .events()
            .subscribe(
                event -> {
                  if (event instanceof DaemonEvent.Missed m) {
                    LOG.log(
                        Level.WARNING, "policy {0} missed {1} events", policy.name(), m.count());
                  }
                  policy.onEvent(event, actions);
                },
                POLICY_QUEUE));
  }

  public void forget(Object listener) {
    EventHub.Subscriber subscriber = subscribers.remove(listener);
    if (subscriber != null) {
      subscriber.close();
    }
  }

  /** What a policy can do; nothing of it blocks. */
  private final class Actions implements PolicyEngine.Actions {
    private final String policy;

    Actions(String policy) {
      this.policy = policy;
    }

    @Override
    public void halt(String name, String detail) {
      attempt(() -> engine.halt(name, policy, detail));
    }

    @Override
    public void updateLimits(String name, Resources resources) {
      attempt(() -> engine.limit(name, resources));
    }

    @Override
    public void alert(String name, String kind, String detail) {
      engine.find(name).ifPresent(d -> d.alert(kind, detail));
    }

    private void attempt(Step step) {
      try {
        step.make();
      } catch (DaemonException e) {
        LOG.log(Level.WARNING, "policy {0}: {1}", policy, e.getMessage());
      }
    }
  }

  @FunctionalInterface
  private interface Step {
    void make() throws DaemonException;
  }
}
