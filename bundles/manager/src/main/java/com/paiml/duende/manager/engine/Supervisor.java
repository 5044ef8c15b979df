package com.paiml.duende.manager.engine;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Resources;
import com.paiml.duende.control.DaemonDetails.ProbeCost;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.manager.journal.RunRecord;
import com.paiml.duende.manager.life.Alarm;
import com.paiml.duende.manager.life.Effect;
import com.paiml.duende.manager.life.Life;
import com.paiml.duende.manager.life.Message;
import com.paiml.duende.manager.life.Past;
import com.paiml.duende.manager.life.Phase;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.ExitWatch;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.PolicyEngine;
import com.paiml.duende.spi.Recovery;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Looks after one daemon: its mailbox, and the carrying out of what its life wants. Calls to its adapter are made one after
 * the other on threads of the pool; everything else happens in the mailbox.
 */
final class Supervisor {
  private static final Logger LOG = System.getLogger(Supervisor.class.getName());

  /** In place of what a platform says of a run, until it does. */
  private static final Map<String, String> ASKED_FOR = Map.of("asked-for", "true");

  private static final int EVENTS_KEPT = 50;
  private static final Duration SHORT_CALL = Duration.ofSeconds(10);
  private static final Duration KILL_CALL = Duration.ofSeconds(30);
  private static final Duration RECOVER_CALL = Duration.ofSeconds(30);
  private static final Duration ADAPTER_RETRY = Duration.ofMillis(200);
  private static final Duration STOP_GRACE = Duration.ofSeconds(30);
  private static final long RECOVER_RETRY_FIRST = 1_000_000_000L;
  private static final long RECOVER_RETRY_LAST = 30_000_000_000L;

  /** What a run needs besides its life. Replaced as a whole with each run. */
  private static final class Run {
    static final long FIRST_WATCH = 1;

    final long generation;
    final Ports.Port port;
    final LaunchSpec spec;
    volatile DaemonHandle handle;
    volatile String statusText = "";
    volatile @Nullable HostLink link;
    volatile @Nullable Readying readying;
    // Grows when another exit stage is to be listened to; what an older one says is not.
    final AtomicLong watching = new AtomicLong(FIRST_WATCH);
    private volatile @Nullable ExitWatch exit;

    Run(long generation, Ports.Port port, LaunchSpec spec, DaemonHandle handle) {
      this.generation = generation;
      this.port = port;
      this.spec = spec;
      this.handle = handle;
    }

    /** Listens to this one alone. */
    void watch(ExitWatch next) {
      ExitWatch before = exit;
      exit = next;
      if (before != null) {
        before.close();
      }
    }

    /** Nobody here listens to it any more. */
    void leave() {
      ExitWatch e = exit;
      if (e != null) {
        e.close();
      }
      end();
    }

    /** Its end was told; its platform may have started it again meanwhile, and the end of that is still to be heard. */
    void end() {
      Readying r = readying;
      if (r != null) {
        r.close();
      }
      HostLink l = link;
      if (l != null) {
        l.close();
      }
    }
  }

  /** How long a run has to live before its successor is prepared: one that crashes at once is paced by all that a start takes. */
  static final Duration SHORT_LIFE = Duration.ofMillis(50);

  /** The run that is to follow the present one at once. */
  private static final class Next {
    final long after;
    final DaemonHandle running;
    final DaemonConfig config;
    volatile @Nullable LaunchSpec spec;
    volatile boolean dropped;

    Next(long after, DaemonHandle running, DaemonConfig config) {
      this.after = after;
      this.running = running;
      this.config = config;
    }

    /** What was prepared, when that is to be started now. */
    Optional<LaunchSpec> specOf(long generation, DaemonConfig wanted) {
      return Optional.ofNullable(spec)
          .filter(s -> generation == after + 1 && config.equals(wanted));
    }
  }

  private final Engine engine;
  private final String unit;
  private final String name;
  private final DaemonId id;
  private final boolean recorded;
  private final Life life;
  private final Mailbox mailbox;
  private final Mailbox lane;
  private final Map<Alarm, Timers.Cancel> timers = new EnumMap<>(Alarm.class);
  private final Deque<DaemonEvent> events = new ArrayDeque<>();
  private final Object changed = new Object();
  private volatile View view;
  private volatile @Nullable Run run;
  private volatile @Nullable Next next;
  private volatile boolean gone;
  private ClockOfDay.Moment since;
  private ClockOfDay.@Nullable Moment startedAt;
  private Prober.@Nullable Probe probe;
  // Of the message in progress.
  private boolean startFollows;
  private @Nullable List<DaemonEvent> saying;
  private @Nullable Teller teller;
  // Of the message before, while its start is on its way.
  private @Nullable Runnable untold;
  private long probes;
  private long probeFailures;
  private long probeNanos;
  private volatile long logBefore;
  // Of the lane.
  private long recoverRetry = RECOVER_RETRY_FIRST;

  Supervisor(
      Engine engine,
      String unit,
      String name,
      DaemonId id,
      DaemonConfig config,
      boolean recorded,
      Optional<RunRecord> before,
      boolean wish) {
    this.engine = engine;
    this.unit = unit;
    this.name = name;
    this.id = id;
    this.recorded = recorded;
    this.mailbox = new Mailbox(engine.threads());
    this.lane = new Mailbox(engine.calls());
    this.life = new Life(name, config, past(before, wish), ThreadLocalRandom.current());
    this.startedAt = before.map(r -> engine.clock().noted(r.startedAt())).orElse(null);
    this.since = startedAt == null ? engine.clock().now() : startedAt;
    this.view = look();
  }

  private static Past past(Optional<RunRecord> before, boolean wish) {
    if (before.isEmpty()) {
      return new Past(
          wish, 0, Optional.empty(), false, false, DaemonStatus.CREATED, Optional.empty(), 0);
    }
    RunRecord r = before.get();
    DaemonStatus rest =
        r.status().isTerminal()
            ? r.status()
            : r.generation() == 0 ? DaemonStatus.CREATED : DaemonStatus.STOPPED;
    return new Past(
        wish,
        r.generation(),
        r.handle(),
        r.open() && r.handle().isPresent(),
        r.ready(),
        rest,
        r.exit(),
        r.restarts());
  }

  String name() {
    return name;
  }

  String unit() {
    return unit;
  }

  DaemonId id() {
    return id;
  }

  View view() {
    return view;
  }

  /** As operators see it now. */
  DaemonInfo info() {
    return view.info(engine.clock());
  }

  // Messages

  void post(Message message) {
    post(message, 0, 0);
  }

  /**
   * @param ticket of the call that waits for it; 0: none
   * @param sequence of the tree's order; 0: it is not one
   */
  void post(Message message, long ticket, long sequence) {
    mailbox.post(() -> handle(message, ticket, sequence));
  }

  private void handle(Message message, long ticket, long sequence) {
    if (gone) {
      notRecovering(message);
      engine
          .tickets()
          .refuse(ticket, new DaemonException(ErrorCode.NOT_FOUND, name, "has been removed", ""));
      return;
    }
    if (message instanceof Message.PlatformRestarted r && r.generation() == life.generation()) {
      Run current = run;
      if (current != null) {
        current.handle = r.next();
      }
    }
    tellRest();
    DaemonStatus before = life.status();
    long generation = life.generation();
    List<Effect> effects = new ArrayList<>(4);
    DaemonException refusal = null;
    try {
      life.handle(message, System.nanoTime(), effects::add);
    } catch (DaemonException e) {
      refusal = e;
    }
    if (effects.stream().noneMatch(Effect.RecoverRun.class::isInstance)) {
      notRecovering(message);
    }
    lookAhead();
    boolean answersLater = false;
    startFollows = effects.stream().anyMatch(Effect.Launch.class::isInstance);
    List<DaemonEvent> said = new ArrayList<>(4);
    saying = said;
    try {
      for (Effect effect : effects) {
        answersLater |=
            (effect instanceof Effect.SignalRun s && s.ticket() != 0)
                || (effect instanceof Effect.LimitRun l && l.ticket() != 0);
        carryOut(effect);
      }
    } finally {
      saying = null;
    }
    // Before it can be seen: who waits for the new state and then listens must not hear of what is
    // past.
    Runnable wake = engine.events().put(said);
    publish();
    if (refusal != null) {
      engine.tickets().refuse(ticket, refusal);
    } else if (!answersLater) {
      engine.tickets().accept(ticket, List.of());
    }
    boolean moved =
        sequence != 0 || !before.equals(life.status()) || generation != life.generation();
    DaemonStatus status = life.status();
    long number = life.generation();
    Runnable rest =
        () -> {
          wake.run();
          if (moved) {
            engine.seen(name, status, number, sequence);
          }
        };
    Teller by = teller;
    if (by != null && by.starts) {
      untold = rest;
    } else {
      rest.run();
    }
  }

  /** Has the next run prepared, as long as it would follow at once, and takes that back when it would not any more. */
  private void lookAhead() {
    boolean wanted = life.canBeFollowedAtOnce();
    Next now = next;
    if (now != null) {
      boolean holds = wanted && now.after == life.generation();
      boolean isStarted = life.phase() == Phase.LAUNCHING && now.after + 1 == life.generation();
      if ((holds || isStarted) && now.config.equals(life.config())) {
        return;
      }
      next = null;
      now.dropped = true;
      lane.post(() -> forgo(now.running));
    }
    Optional<DaemonHandle> running = life.handle();
    if (wanted && running.isPresent()) {
      Next ahead = new Next(life.generation(), running.get(), life.config());
      next = ahead;
      var _ =
          engine
              .timers()
              .after(SHORT_LIFE.toNanos(), () -> mailbox.post(() -> beginToPrepare(ahead)));
    }
  }

  private void beginToPrepare(Next ahead) {
    if (!ahead.dropped && !gone) {
      Predicate<ExitReason> follows = life.followsAtOnce(System.nanoTime());
      lane.post(() -> prepare(ahead, follows));
    }
  }

  private void prepare(Next ahead, Predicate<ExitReason> follows) {
    if (ahead.dropped || gone || engine.payloads().kindOf(ahead.config) != Payload.Kind.PROGRAM) {
      return;
    }
    call(
            ahead.running,
            a -> {
              LaunchSpec spec = engine.launcher().assemble(ahead.config, name, id, ahead.after + 1);
              ahead.spec = spec;
              if (!a.prepareNext(ahead.running, spec, follows, Deadline.after(SHORT_CALL))) {
                ahead.spec = null;
              }
            })
        .ifPresent(
            e -> {
              ahead.spec = null;
              LOG.log(Level.DEBUG, "{0}: its next run is not prepared: {1}", name, e.getMessage());
            });
    if (ahead.dropped || gone) {
      forgo(ahead.running);
    }
  }

  private void forgo(DaemonHandle run) {
    call(run, a -> a.forgoNext(run))
        .ifPresent(e -> LOG.log(Level.DEBUG, "{0}: {1}", name, e.getMessage()));
  }

  /** Wakes whom the message before has news for, when its start was more urgent. */
  private void tellRest() {
    Runnable rest = untold;
    untold = null;
    if (rest != null) {
      rest.run();
    }
  }

  /** Whoever waits for this daemon to be taken up need not: its run has ended meanwhile. */
  private void notRecovering(Message message) {
    if (message instanceof Message.AdapterCame) {
      engine.ports().all().forEach(p -> engine.recoveryTried(p, name));
    }
  }

  private void publish() {
    View now = look();
    synchronized (changed) {
      view = now;
      changed.notifyAll();
    }
  }

  private View look() {
    DaemonConfig config = life.config();
    Run current = run;
    String platform = life.handle().map(DaemonHandle::platform).orElse(config.platform());
    String activity = life.activity();
    if (activity.isEmpty() && current != null && life.phase() == Phase.UP) {
      activity = current.statusText;
    }
    boolean ready =
        switch (life.phase()) {
          case UP, PAUSING, PAUSED, RESUMING -> true;
          default -> false;
        };
    DaemonInfo info =
        new DaemonInfo(
            name,
            id,
            config.version(),
            config.platform(),
            life.status(),
            activity,
            ready,
            life.isLive()
                ? life.handle().map(DaemonHandle::pid).orElse(OptionalLong.empty())
                : OptionalLong.empty(),
            since.at(),
            Optional.ofNullable(startedAt).map(ClockOfDay.Moment::at),
            life.restarts(),
            life.lastExit(),
            life.health(),
            config.restartBy(),
            life.isObserved() && engine.ports().find(platform).isPresent(),
            life.generation());
    return new View(
        info,
        config,
        life.phase(),
        life.handle(),
        life.isLive(),
        life.isObserved(),
        life.fault(),
        since,
        Optional.ofNullable(startedAt));
  }

  /** Shows again what depends on others: whether the adapter is there. */
  void refresh() {
    mailbox.post(this::publish);
  }

  /** Completes when all that was posted before has been handled. */
  CompletableFuture<Void> fence() {
    CompletableFuture<Void> passed = new CompletableFuture<>();
    mailbox.here(() -> passed.complete(null));
    return passed;
  }

  /** Waits until it looks as wanted. */
  boolean await(Predicate<View> wanted, Deadline deadline) throws InterruptedException {
    synchronized (changed) {
      while (!wanted.test(view) && !gone) {
        if (deadline.hasPassed()) {
          return false;
        }
        changed.wait(Math.clamp(deadline.remaining().toMillis(), 1, 60_000));
      }
      return wanted.test(view);
    }
  }

  // Effects

  private void carryOut(Effect effect) {
    switch (effect) {
      case Effect.Gate g -> engine.gate(name, g.generation());
      case Effect.Died d -> engine.died(name, d.generation());
      case Effect.Launch l -> {
        startedAt = engine.clock().now();
        Instant at = startedAt.at();
        begin(
            () -> {
              try {
                launch(l, at);
              } finally {
                engine.journal().startTried();
              }
            });
      }
      case Effect.AwaitReady a -> awaitReady();
      case Effect.StopRun s -> stop(s);
      case Effect.KillRun k -> kill(k);
      case Effect.PauseRun p ->
          lane.post(
              () ->
                  post(
                      new Message.PauseDone(
                          p.generation(),
                          call(p.handle(), a -> a.pause(p.handle(), Deadline.after(SHORT_CALL))))));
      case Effect.ResumeRun r ->
          lane.post(
              () ->
                  post(
                      new Message.ResumeDone(
                          r.generation(),
                          call(
                              r.handle(), a -> a.resume(r.handle(), Deadline.after(SHORT_CALL))))));
      case Effect.SignalRun s -> lane.post(() -> signal(s));
      case Effect.LimitRun l -> lane.post(() -> limit(l));
      case Effect.RecoverRun r -> lane.post(() -> recover(r));
      case Effect.Probe p -> probe(p);
      case Effect.Inspect i ->
          onCalls(
              () ->
                  post(
                      new Message.Inspected(
                          i.generation(), watchesItself() || isHeldStopped(i.handle()))));
      case Effect.Arm a -> {
        disarm(a.alarm());
        timers.put(
            a.alarm(),
            engine
                .timers()
                .after(
                    a.at() - System.nanoTime(),
                    () -> post(new Message.Rang(a.alarm(), a.sequence()))));
      }
      case Effect.Disarm d -> disarm(d.alarm());
      case Effect.Desire d -> {
        if (recorded) {
          engine.desires(unit, name, d.running());
        }
      }
      case Effect.Moved m -> moved(m);
      case Effect.BecameReady r -> {
        engine.journal().ready(name);
        say(new DaemonEvent.BecameReady(source(), r.took()));
      }
      case Effect.Ended e -> {
        Run ended = run;
        if (ended != null) {
          ended.end();
        }
        engine.journal().ended(name, e.reason(), life.restarts(), startFollows);
        say(new DaemonEvent.Exited(source(), e.reason()));
      }
      case Effect.Scheduled s -> {
        engine.journal().counted(name, s.restarts());
        say(new DaemonEvent.RestartScheduled(source(), s.delay(), s.restarts()));
      }
      case Effect.PlatformAgain p -> {
        startedAt = engine.clock().now();
        engine.journal().changed(name, p.handle(), startedAt.at(), p.restarts());
        say(new DaemonEvent.PlatformRestarted(source(), p.previous(), p.restarts()));
      }
      case Effect.HealthNow h -> say(new DaemonEvent.HealthChanged(source(), h.health()));
      case Effect.ProbeBad b -> say(new DaemonEvent.ProbeFailed(source(), b.detail(), b.inARow()));
      case Effect.FoundAgain f -> say(new DaemonEvent.Recovered(source(), f.how()));
      case Effect.Warning w -> say(new DaemonEvent.Alert(source(), w.kind(), w.detail()));
    }
  }

  private void begin(Runnable start) {
    Teller by = teller;
    if (by == null) {
      lane.post(start);
    } else if (lane.reserve(start)) {
      by.starts = true;
    }
  }

  private void disarm(Alarm alarm) {
    Timers.Cancel timer = timers.remove(alarm);
    if (timer != null) {
      timer.cancel();
    }
  }

  private void moved(Effect.Moved m) {
    since = engine.clock().now();
    if (m.to().isTerminal()) {
      engine.journal().rested(name, m.to(), life.generation(), engine.isShuttingDown());
    }
    say(new DaemonEvent.StateChanged(source(), m.from(), m.to()));
  }

  private DaemonEvent.Source source() {
    return new DaemonEvent.Source(name, id, Instant.now(), life.generation());
  }

  void tell(DaemonEvent event) {
    remember(event);
    engine.events().tell(event);
  }

  private void remember(DaemonEvent event) {
    synchronized (events) {
      if (events.size() == EVENTS_KEPT) {
        events.removeFirst();
      }
      events.addLast(event);
    }
  }

  /** As {@link #tell}, for a message in progress: others hear of it when what it brings about is on its way. */
  private void say(DaemonEvent event) {
    List<DaemonEvent> said = saying;
    if (said == null) {
      tell(event);
    } else {
      remember(event);
      said.add(event);
    }
  }

  /** Its last events, oldest first. */
  List<DaemonEvent> events() {
    synchronized (events) {
      return List.copyOf(events);
    }
  }

  void alert(String kind, String detail) {
    mailbox.post(() -> tell(new DaemonEvent.Alert(source(), kind, detail)));
  }

  void tellFrom(java.util.function.Function<DaemonEvent.Source, DaemonEvent> event) {
    mailbox.post(() -> tell(event.apply(source())));
  }

  // Calls to the adapter, in the lane

  @FunctionalInterface
  private interface AdapterCall {
    void make(PlatformAdapter adapter) throws DaemonException;
  }

  private Optional<DaemonException> call(DaemonHandle handle, AdapterCall call) {
    try {
      Ports.Port port =
          engine.ports().of(handle).orElseThrow(() -> new AdapterGone(handle.platform(), name));
      call.make(port.adapter);
      return Optional.empty();
    } catch (DaemonException e) {
      return Optional.of(e);
    } catch (RuntimeException | LinkageError e) {
      LOG.log(Level.ERROR, name + ": the adapter failed unexpectedly", e);
      return Optional.of(
          new DaemonException(
              ErrorCode.INTERNAL,
              name,
              "the adapter of platform \"" + handle.platform() + "\" failed: " + e,
              "see the container's log",
              e));
    }
  }

  private void launch(Effect.Launch l, Instant at) {
    long generation = l.generation();
    DaemonConfig config = l.config();
    Optional<Ports.Port> found = engine.ports().find(config.platform());
    if (found.isEmpty() || !found.get().open) {
      holdForAdapter(config, generation);
      return;
    }
    Ports.Port port = found.get();
    try {
      if (config.restartBy() == DaemonConfig.RestartBy.MANAGER || l.restarts() == 0) {
        PolicyEngine.Verdict verdict = engine.policies().beforeStart(config, l.restarts());
        if (!verdict.allowed()) {
          post(
              verdict.retryAfter().isZero()
                  ? new Message.Denied(generation, verdict.reason())
                  : new Message.Held(
                      generation, verdict.reason(), Optional.of(verdict.retryAfter())));
          return;
        }
      }
      if (port.adapter.startsBesideEnded() && !l.abandoned()) {
        try {
          start(port, l, at);
        } finally {
          l.leftover().ifPresent(this::clearBeside);
        }
      } else {
        l.leftover().ifPresent(this::clear);
        start(port, l, at);
      }
    } catch (AdapterGone e) {
      holdForNext(config, generation);
    } catch (DaemonException e) {
      if (hasLeft(port)) {
        holdForNext(config, generation);
        return;
      }
      boolean waits =
          e.code().equals(ErrorCode.NOT_FOUND)
              && engine.payloads().kindOf(config) != Payload.Kind.PROGRAM
              && isPayloadMissing(config);
      if (waits) {
        hold(generation, missing(e), () -> !isPayloadMissing(config));
      } else {
        post(new Message.SpawnFailed(generation, e));
      }
    } catch (RuntimeException | LinkageError e) {
      if (hasLeft(port)) {
        // Classes that it had not used yet cannot be had any more.
        LOG.log(Level.DEBUG, name + ": its adapter has left", e);
        holdForNext(config, generation);
        return;
      }
      LOG.log(Level.ERROR, name + ": could not be started", e);
      post(
          new Message.SpawnFailed(
              generation,
              new DaemonException(
                  ErrorCode.INTERNAL, name, "could not be started: " + e, "see the log", e)));
    }
  }

  /** Whether the adapter has been taken away since, or replaced. */
  private boolean hasLeft(Ports.Port port) {
    return engine.ports().find(port.platform).filter(p -> p.epoch == port.epoch).isEmpty();
  }

  /** Its adapter left in the middle of the start. It may still be registered, for a moment: not at once again. */
  private void holdForNext(DaemonConfig config, long generation) {
    post(
        new Message.Held(
            generation,
            "the adapter of platform \"" + config.platform() + "\"",
            Optional.of(ADAPTER_RETRY)));
  }

  private void holdForAdapter(DaemonConfig config, long generation) {
    hold(
        generation,
        "the adapter of platform \"" + config.platform() + "\"",
        () -> engine.ports().find(config.platform()).map(p -> p.open).orElse(false));
  }

  /** Waits for a wake; one that came just before it waited is made up for. */
  private void hold(long generation, String why, BooleanSupplier isThere) {
    post(new Message.Held(generation, why, Optional.empty()));
    if (isThere.getAsBoolean()) {
      post(new Message.Wake());
    }
  }

  private String missing(DaemonException e) {
    String what = e.thing().equals(name) ? "" : e.thing() + ": ";
    return what + e.problem() + (e.remedy().isEmpty() ? "" : "; " + e.remedy());
  }

  private boolean isPayloadMissing(DaemonConfig config) {
    return switch (engine.payloads().kindOf(config)) {
      case IN_PROCESS, JAVA_CLASS -> {
        try {
          var _ = engine.payloads().resolve(config);
          yield false;
        } catch (DaemonException e) {
          yield e.code().equals(ErrorCode.NOT_FOUND);
        }
      }
      default -> false;
    };
  }

  private void start(Ports.Port port, Effect.Launch l, Instant at) throws DaemonException {
    DaemonConfig config = l.config();
    long generation = l.generation();
    Fingerprint fingerprint = port.fingerprint(config);
    if (!fingerprint.present()) {
      post(
          new Message.Held(
              generation,
              "platform \"" + config.platform() + "\": " + fingerprint.problem(),
              Optional.of(Duration.ofSeconds(5))));
      return;
    }
    refuseUnfit(port, config, fingerprint);
    Next ahead = next;
    Optional<LaunchSpec> prepared =
        ahead == null ? Optional.empty() : ahead.specOf(generation, config);
    LaunchSpec spec =
        prepared.isPresent()
            ? engine.launcher().again(prepared.get())
            : engine.launcher().assemble(config, name, id, generation);
    Payload.Kind kind = spec.payload().kind();
    boolean hosted = kind == Payload.Kind.JAVA_CLASS;
    if (hosted && !fingerprint.takes(kind)) {
      Optional<HostRuntime> host = engine.services().host();
      if (host.isEmpty()) {
        hold(
            generation,
            "bundle com.paiml.duende.host, which runs classes as programs",
            () -> engine.services().host().isPresent());
        return;
      }
      spec = host.get().toProgram(spec);
    }
    logBefore = engine.launcher().logSize(name);
    RunEvents told = new RunEvents(generation);
    boolean inside = kind == Payload.Kind.IN_PROCESS;
    engine.journal().begins(name, nameOf(config, generation), inside, at, l.restarts());
    DaemonHandle handle = spawn(port, spec, told, config);
    engine.journal().began(name, handle, inside, at, l.restarts());
    Run begun = new Run(generation, port, spec, handle);
    run = begun;
    Message spawned = new Message.Spawned(generation, handle, hosted);
    mailbox.here(() -> handle(spawned, 0, 0));
    if (hosted) {
      link(begun);
    }
    watchExit(begun, handle, Run.FIRST_WATCH);
    told.begin(begun);
  }

  /** What does not fit is refused; what has been found fit is, as long as neither side changes. */
  private void refuseUnfit(Ports.Port port, DaemonConfig config, Fingerprint fingerprint)
      throws ConfigException {
    Fit now = new Fit(port.epoch, config, fingerprint);
    if (engine.isKnownToFit(unit, now)) {
      return;
    }
    List<ConfigFault> faults = engine.fitness(config, name, port, fingerprint);
    if (!faults.isEmpty()) {
      throw new ConfigException(faults);
    }
    engine.knowToFit(unit, now);
  }

  /** A configuration and a platform that were found to fit. */
  record Fit(long epoch, DaemonConfig config, Fingerprint fingerprint) {}

  private DaemonHandle spawn(Ports.Port port, LaunchSpec spec, RunEvents told, DaemonConfig config)
      throws DaemonException {
    boolean done = false;
    try {
      DaemonHandle handle =
          port.adapter.spawn(
              spec, told, Deadline.after(Launcher.patience(config, spec.payload().kind())));
      done = true;
      return handle;
    } finally {
      if (!done) {
        engine.journal().cleared(name);
      }
    }
  }

  /** Names a run; its platform has not said more of it. */
  private DaemonHandle nameOf(DaemonConfig config, long generation) {
    return new DaemonHandle(config.platform(), name, id, generation, ASKED_FOR);
  }

  private void link(Run begun) {
    HostLink link =
        new HostLink(
            engine.ports(),
            engine.services(),
            engine.calls(),
            engine.timers(),
            begun.handle,
            begun.spec,
            this::post,
            text -> status(begun, text));
    begun.link = link;
    link.open();
  }

  private void status(Run of, String text) {
    of.statusText = text.length() > 256 ? text.substring(0, 256) : text;
    refresh();
  }

  /** @param watch of {@link Run#watching}, when the handle became the run's */
  private void watchExit(Run of, DaemonHandle handle, long watch) {
    of.watch(
        ExitWatch.of(
            of.port.adapter.exit(handle),
            (reason, fault) -> {
              if (of.watching.get() != watch) {
                return;
              }
              if (reason != null) {
                exited(of, new Message.Exited(of.generation, said(of, reason)));
              } else if (isGone(fault)) {
                adapterLeft(of.port);
              } else {
                post(
                    new Message.Exited(
                        of.generation, new ExitReason.Unknown(String.valueOf(fault))));
              }
            }));
  }

  /** Who tells of an end and handles that message itself, and whether a start follows that it may make as well. */
  private static final class Teller {
    private boolean starts;
  }

  /**
   * The adapter's thread that learns of a program's end starts the next run as well, when the adapter can do without it: to wake
   * another one takes longer than all that is to be decided. Else that start is on its way before anything else.
   */
  private void exited(Run of, Message.Exited message) {
    Thread here = Thread.currentThread();
    if (of.spec.payload().kind() != Payload.Kind.PROGRAM || here.isVirtual()) {
      post(message);
      return;
    }
    Teller by = new Teller();
    mailbox.here(
        () -> {
          // Who is at the mailbox already does it, and that may be somebody else.
          teller = Thread.currentThread().equals(here) ? by : null;
          try {
            handle(message, 0, 0);
          } finally {
            teller = null;
          }
        });
    if (!by.starts) {
      return;
    }
    // Not in the mailbox: whoever asks for a stop meanwhile is not to wait for the start.
    Runnable rest = () -> mailbox.here(this::tellRest);
    if (!isLent(of.port, rest)) {
      lane.leave();
      rest.run();
    } else if (!engine.calls().here(lane::work)) {
      lane.leave();
    }
  }

  private boolean isLent(Ports.Port port, Runnable meanwhile) {
    try {
      return port.adapter.lendThread(meanwhile);
    } catch (RuntimeException | LinkageError e) {
      LOG.log(Level.ERROR, name + ": the adapter failed unexpectedly", e);
      return false;
    }
  }

  private static boolean isGone(@Nullable Throwable fault) {
    return fault instanceof AdapterGone
        || (fault != null && fault.getCause() instanceof AdapterGone);
  }

  /** A JVM of its own knows more of its end than its exit status tells. */
  private static ExitReason said(Run of, ExitReason reason) {
    HostLink link = of.link;
    return link != null
            && (reason instanceof ExitReason.Graceful || reason instanceof ExitReason.Failure)
        ? link.said().orElse(reason)
        : reason;
  }

  /** The adapter that looked after the present run has gone; of an earlier one, it means nothing. */
  void adapterLeft(Ports.Port port) {
    mailbox.post(
        () -> {
          Run current = run;
          boolean mine =
              current != null
                  ? current.port.epoch == port.epoch
                  : life.handle().map(h -> h.platform().equals(port.platform)).orElse(false);
          if (mine) {
            if (current != null) {
              var _ = current.watching.incrementAndGet();
              current.leave();
            }
            handle(new Message.AdapterLeft(), 0, 0);
            // The next one may have come before this one was seen to go.
            boolean replaced =
                life.handle()
                    .flatMap(engine.ports()::of)
                    .map(p -> p.epoch != port.epoch)
                    .orElse(false);
            if (replaced) {
              handle(new Message.AdapterCame(), 0, 0);
            }
          } else {
            publish();
          }
        });
  }

  private void clear(DaemonHandle leftover) {
    call(leftover, a -> a.destroy(leftover, Deadline.after(SHORT_CALL)))
        .ifPresentOrElse(
            e -> LOG.log(Level.DEBUG, "{0}: what was left of a run: {1}", name, e.getMessage()),
            () -> engine.journal().cleared(name));
  }

  /** What the run that was just started has left of the one before it, on record as ended or not at all. */
  private void clearBeside(DaemonHandle leftover) {
    Run current = run;
    if (current == null || current.generation == leftover.generation()) {
      clear(leftover);
    } else {
      call(leftover, a -> a.destroy(leftover, Deadline.after(SHORT_CALL)))
          .ifPresent(
              e -> LOG.log(Level.DEBUG, "{0}: what was left of a run: {1}", name, e.getMessage()));
    }
  }

  private void awaitReady() {
    Run current = run;
    if (current == null || current.generation != life.generation()) {
      return;
    }
    Readying readying =
        new Readying(
            current.port,
            engine.services(),
            engine.prober(),
            engine.calls(),
            engine.timers(),
            current.handle,
            life.config(),
            current.spec.logFile(),
            logBefore,
            this::post);
    Readying before = current.readying;
    current.readying = readying;
    if (before != null) {
      before.close();
    }
    readying.begin();
  }

  private void stop(Effect.StopRun s) {
    long generation = s.generation();
    // A stop that does not come back is as good as one that failed: the run is killed beside it.
    Timers.Cancel guard =
        engine
            .timers()
            .after(
                s.timeout().plus(STOP_GRACE).toNanos(),
                () ->
                    post(
                        new Message.StopFailed(
                            generation,
                            new DaemonException(
                                ErrorCode.TIMEOUT,
                                name,
                                "has not ended " + STOP_GRACE.toSeconds() + " s after its timeout",
                                "it is killed"))));
    lane.post(
        () -> {
          Optional<DaemonException> fault =
              call(s.handle(), a -> a.stop(s.handle(), s.signal(), s.timeout()));
          // Else it would keep this daemon in memory for a minute, however often it is stopped.
          guard.cancel();
          fault
              .filter(e -> !(e instanceof AdapterGone))
              .ifPresent(e -> post(new Message.StopFailed(generation, e)));
        });
  }

  private void kill(Effect.KillRun k) {
    onCalls(
        () ->
            call(k.handle(), a -> a.kill(k.handle(), Deadline.after(KILL_CALL)))
                .filter(e -> !(e instanceof AdapterGone))
                .ifPresent(e -> post(new Message.StopFailed(k.generation(), e))));
  }

  private void onCalls(Runnable what) {
    try {
      engine.calls().execute(what);
    } catch (RejectedExecutionException e) {
      LOG.log(Level.DEBUG, "{0}: the manager is stopping", name);
    }
  }

  private void signal(Effect.SignalRun s) {
    Optional<DaemonException> fault =
        call(s.handle(), a -> a.signal(s.handle(), s.signal(), Deadline.after(SHORT_CALL)));
    fault.ifPresentOrElse(
        e -> engine.tickets().refuse(s.ticket(), e),
        () -> engine.tickets().accept(s.ticket(), List.of()));
  }

  private void limit(Effect.LimitRun l) {
    List<LimitReport> reports = new ArrayList<>();
    Optional<DaemonException> fault =
        call(
            l.handle(),
            a ->
                reports.addAll(
                    a.updateLimits(l.handle(), l.resources(), Deadline.after(SHORT_CALL))));
    if (fault.isEmpty() && l.resources().enforce() == Resources.Enforce.STRICT) {
      fault =
          reports.stream()
              .filter(r -> !r.inForce() && life.config().isWritten(r.key()))
              .findFirst()
              .map(
                  r ->
                      new DaemonException(
                          ErrorCode.RESOURCE_LIMIT,
                          name,
                          r.key() + " = " + r.asked() + " is not in force: " + r.why(),
                          "write resources.enforce = \"best-effort\" to accept that"));
    }
    if (fault.isPresent()) {
      engine.tickets().refuse(l.ticket(), fault.get());
      return;
    }
    post(new Message.Limited(l.generation(), l.resources()));
    tellFrom(
        source ->
            new DaemonEvent.LimitsChanged(
                source,
                reports.stream()
                    .map(r -> r.key() + " = " + (r.inForce() ? r.actual() : "not in force"))
                    .reduce((a, b) -> a + ", " + b)
                    .orElse("changed")));
    engine.tickets().accept(l.ticket(), List.copyOf(reports));
  }

  private void recover(Effect.RecoverRun r) {
    Optional<Ports.Port> port = engine.ports().of(r.handle());
    if (port.isEmpty()) {
      return;
    }
    try {
      LaunchSpec spec = engine.launcher().describe(r.config(), name, id, r.generation());
      RunEvents told = new RunEvents(r.generation());
      boolean inside = engine.journal().run(name).map(RunRecord::inProcess).orElse(false);
      DaemonHandle handle = r.handle();
      if (handle.data().equals(ASKED_FOR)) {
        Optional<DaemonHandle> born = port.get().adapter.find(spec, Deadline.after(RECOVER_CALL));
        if (born.isEmpty() && !inside) {
          post(new Message.Unborn(r.generation()));
          return;
        }
        handle = born.orElse(handle);
        born.ifPresent(h -> engine.journal().found(name, h));
      }
      Recovery found = port.get().adapter.recover(handle, spec, told, Deadline.after(RECOVER_CALL));
      recoverRetry = RECOVER_RETRY_FIRST;
      switch (found) {
        case Recovery.Running running -> {
          logBefore = 0;
          Run before = run;
          if (before != null) {
            before.leave();
          }
          Run again = new Run(r.generation(), port.get(), spec, running.handle());
          run = again;
          post(new Message.Recovered(r.generation(), found));
          if (engine.payloads().kindOf(r.config()) == Payload.Kind.JAVA_CLASS) {
            link(again);
          }
          watchExit(again, running.handle(), Run.FIRST_WATCH);
          told.begin(again);
        }
        case Recovery.Exited e -> post(new Message.Recovered(r.generation(), e));
        case Recovery.Lost lost ->
            post(
                new Message.Recovered(
                    r.generation(),
                    inside
                        ? new Recovery.Exited(new ExitReason.HostLost("the container's JVM"))
                        : lost));
      }
    } catch (AdapterGone e) {
      LOG.log(Level.DEBUG, "{0}: {1}", name, e.getMessage());
    } catch (DaemonException | RuntimeException | LinkageError e) {
      LOG.log(
          Level.WARNING, name + ": could not be taken up, it is tried again: " + e.getMessage());
      var _ = engine.timers().after(recoverRetry, () -> post(new Message.AdapterCame()));
      recoverRetry = Math.min(RECOVER_RETRY_LAST, recoverRetry * 2);
    } finally {
      // After what was found has been noted.
      mailbox.post(() -> engine.recoveryTried(port.get(), name));
    }
  }

  // Health

  private void probe(Effect.Probe p) {
    Prober.Probe before = probe;
    if (before != null && !before.hasReturned()) {
      count(HealthStatus.unhealthy(""), true);
      answered(p, HealthStatus.unhealthy("the check before has not returned"));
      return;
    }
    Run current = run;
    if (current == null) {
      post(new Message.ProbeSkipped(p.generation()));
      return;
    }
    HealthCheck check = p.config().healthCheck();
    Optional<Prober.Question> question = question(current, p.handle(), check);
    if (question.isEmpty()) {
      post(new Message.ProbeSkipped(p.generation()));
      return;
    }
    boolean daemonCode = check.type() == HealthCheck.Type.DAEMON && current.link == null;
    probe =
        engine
            .prober()
            .put(
                question.get(),
                check.timeout(),
                daemonCode ? engine.daemonThreads() : engine.calls(),
                answer ->
                    mailbox.post(
                        () -> {
                          count(answer, answer.state() == HealthStatus.State.UNHEALTHY);
                          answered(p, answer);
                        }));
  }

  private void count(HealthStatus answer, boolean failed) {
    probes++;
    probeNanos += answer.latency().toNanos();
    if (failed) {
      probeFailures++;
    }
  }

  private void answered(Effect.Probe p, HealthStatus answer) {
    if (answer.state() != HealthStatus.State.UNHEALTHY) {
      post(new Message.ProbeDone(p.generation(), answer));
      return;
    }
    // No answer from a process that somebody holds stopped is no ill health.
    onCalls(
        () ->
            post(
                isHeldStopped(p.handle())
                    ? new Message.ProbeSkipped(p.generation())
                    : new Message.ProbeDone(p.generation(), answer)));
  }

  /** Whether the platform hears the heartbeats, and acts on their absence, instead of the manager. */
  private boolean watchesItself() {
    Run current = run;
    return current != null
        && current
            .port
            .fingerprint()
            .can(engine.payloads().kindOf(current.spec.config()), Capability.WATCHDOG_BY_PLATFORM);
  }

  private boolean isHeldStopped(DaemonHandle handle) {
    boolean[] stopped = new boolean[1];
    var _ =
        call(
            handle,
            a ->
                stopped[0] =
                    a.status(handle, Deadline.after(Duration.ofSeconds(2))).state()
                        == PlatformStatus.State.PAUSED);
    return stopped[0];
  }

  private Optional<Prober.Question> question(Run of, DaemonHandle handle, HealthCheck check) {
    return switch (check.type()) {
      case EXEC ->
          Optional.of(
              deadline -> {
                ExecResult r = of.port.adapter.exec(handle, check.command(), deadline);
                if (r.timedOut()) {
                  return HealthStatus.unhealthy(
                      "no answer within " + check.timeout().toMillis() + " ms");
                }
                return r.code() == 0
                    ? HealthStatus.healthy(5)
                    : HealthStatus.unhealthy(
                        "exit code "
                            + r.code()
                            + (r.output().isBlank() ? "" : ": " + firstLine(r)));
              });
      case HTTP, TCP -> {
        String target = check.type() == HealthCheck.Type.HTTP ? check.url() : check.address();
        yield engine
            .services()
            .probe(check.type().word())
            .map(p -> deadline -> p.probe(target, deadline));
      }
      case DAEMON -> ofDaemon(of, handle);
    };
  }

  private static String firstLine(ExecResult r) {
    return r.output().strip().lines().findFirst().orElse("");
  }

  private Optional<Prober.Question> ofDaemon(Run of, DaemonHandle handle) {
    HostLink link = of.link;
    if (link != null) {
      return Optional.of(
          deadline -> {
            Optional<HostRuntime.Session> session = link.session();
            return session.isPresent()
                ? session.get().health(deadline)
                : HealthStatus.unhealthy("its JVM does not answer");
          });
    }
    return of.port
        .adapter
        .inProcess(handle)
        .map(
            daemon ->
                deadline -> {
                  HealthStatus status = daemon.healthCheck();
                  return status == null
                      ? HealthStatus.unhealthy("its health check returned nothing")
                      : status;
                });
  }

  /** What its probes cost so far; any thread. */
  ProbeCost probeCost() {
    return new ProbeCost(probes, probeFailures, probeNanos);
  }

  /** How to ask for its health now: what the configuration says, else whatever it offers. */
  Optional<Prober.Question> healthQuestion() {
    Run current = run;
    View now = view;
    if (current == null || now.handle().isEmpty()) {
      return Optional.empty();
    }
    HealthCheck check = now.config().healthCheck();
    DaemonHandle handle = now.handle().get();
    return check.enabled() ? question(current, handle, check) : ofDaemon(current, handle);
  }

  Optional<HostRuntime.Session> session() {
    Run current = run;
    HostLink link = current == null ? null : current.link;
    return link == null ? Optional.empty() : link.session();
  }

  boolean isHosted() {
    Run current = run;
    return current != null && current.link != null;
  }

  Executor healthThreads() {
    return isHosted() || view.config().healthCheck().type() != HealthCheck.Type.DAEMON
        ? engine.calls()
        : engine.daemonThreads();
  }

  // The end

  /** Clears away what is left of the last run and forgets everything. To be called when it is not active. */
  void remove() throws DaemonException {
    Optional<DaemonHandle> leftover = view.handle();
    if (leftover.isPresent()) {
      DaemonHandle handle = leftover.get();
      Optional<DaemonException> fault =
          call(handle, a -> a.destroy(handle, Deadline.after(SHORT_CALL)));
      if (fault.isPresent() && !(fault.get() instanceof AdapterGone)) {
        throw fault.get();
      }
    }
    retire();
    engine.launcher().remove(name);
  }

  /** Lets go of it: what runs goes on. */
  void retire() {
    gone = true;
    // Not in the lane: what is there may not be done any more.
    if (view.config().backoff().initial().isZero()) {
      view.handle().ifPresent(this::forgo);
    }
    mailbox.post(
        () -> {
          timers.values().forEach(Timers.Cancel::cancel);
          timers.clear();
          Run current = run;
          if (current != null) {
            var _ = current.watching.incrementAndGet();
            current.leave();
          }
          synchronized (changed) {
            changed.notifyAll();
          }
        });
  }

  /** What an adapter says about one run. */
  private final class RunEvents implements AdapterEvents {
    private final long generation;
    private final List<Runnable> early = new ArrayList<>();
    private @Nullable Run begun;

    RunEvents(long generation) {
      this.generation = generation;
    }

    @Override
    public void ready() {
      post(new Message.Ready(generation));
    }

    @Override
    public void heartbeat() {
      post(new Message.Heartbeat(generation));
    }

    @Override
    public void statusText(String text) {
      Run current = run;
      if (current != null && current.generation == generation) {
        status(current, text);
      }
    }

    @Override
    public void health(HealthStatus status) {
      post(new Message.PlatformHealth(generation, status));
    }

    /** The platform may be quicker with its first restart than the call that started the run. */
    @Override
    public void restarted(DaemonHandle next, ExitReason previous) {
      Run of;
      synchronized (early) {
        of = begun;
        if (of == null) {
          early.add(() -> restarted(next, previous));
          return;
        }
      }
      long watch = of.watching.incrementAndGet();
      post(new Message.PlatformRestarted(generation, next, previous));
      watchExit(of, next, watch);
    }

    /** The run is known from now on. */
    private void begin(Run run) {
      List<Runnable> said;
      synchronized (early) {
        begun = run;
        said = List.copyOf(early);
        early.clear();
      }
      said.forEach(Runnable::run);
    }

    @Override
    public void alert(String kind, String detail) {
      Supervisor.this.alert(kind, detail);
    }
  }
}
