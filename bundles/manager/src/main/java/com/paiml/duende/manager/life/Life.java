package com.paiml.duende.manager.life;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.Depends;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Recovery;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The life of one daemon: a state machine. Given a message and the time it changes its state and says what is to be done. It
 * is for one thread at a time, and the same messages at the same times with the same source of chance give the same life.
 *
 * <p>Every run has a generation. Whatever is said of another generation than the present one changes nothing, so that a late
 * answer is harmless and two restarts cannot make two copies.
 */
public final class Life {
  private static final Duration STOP_RETRY = Duration.ofSeconds(5);

  /** Faults of a start that will not go away by trying again. */
  private static final Set<ErrorCode> PERMANENT =
      Set.of(
          ErrorCode.NOT_FOUND,
          ErrorCode.CONFIGURATION,
          ErrorCode.PERMISSION_DENIED,
          ErrorCode.NOT_SUPPORTED,
          ErrorCode.RESOURCE_LIMIT,
          ErrorCode.INVALID_STATE,
          ErrorCode.ALREADY_EXISTS);

  /** What follows when a run that was asked to end has ended. */
  private enum After {
    REST,
    AGAIN,
    RULES
  }

  private final String name;
  private final RandomGenerator random;
  private final Restarts restarts = new Restarts();
  private final Map<Alarm, Long> armed = new EnumMap<>(Alarm.class);
  private long alarms;

  private DaemonConfig config;
  private @Nullable DaemonConfig next;
  private DaemonStatus status;
  private Phase phase = Phase.IDLE;
  private boolean wish;
  private long generation;
  private long total;
  private @Nullable DaemonHandle handle;
  private boolean live;
  private boolean launching;
  private boolean observed = true;
  private boolean abandoned;
  private boolean wasUp;
  private boolean early;
  private boolean announces;
  private boolean stoppedBySignal;
  private long launchedAt;
  private long readyAt;
  private long lastBeat;
  private After after = After.REST;
  private @Nullable FailureReason verdict;
  private @Nullable ExitReason cause;
  private @Nullable ExitReason lastExit;
  private @Nullable HealthStatus health;
  private HealthStatus.State judged = HealthStatus.State.HEALTHY;
  private int badProbes;
  private String waitsFor = "";
  private Duration pendingDelay = Duration.ZERO;
  private @Nullable DaemonException fault;

  // Of the message in progress.
  private long now;
  private Consumer<Effect> out = e -> {};

  public Life(String name, DaemonConfig config, Past past, RandomGenerator random) {
    this.name = name;
    this.config = config;
    this.random = random;
    wish = past.wish();
    generation = past.generation();
    handle = past.handle().orElse(null);
    lastExit = past.lastExit().orElse(null);
    total = past.restarts();
    status = past.status();
    if (past.open() && handle != null) {
      live = true;
      observed = false;
      wasUp = past.ready();
      phase = past.ready() ? Phase.UP : Phase.WARMING;
      status = past.ready() ? DaemonStatus.RUNNING : DaemonStatus.STARTING;
    }
    abandoned = lastExit instanceof ExitReason.Abandoned && !live;
  }

  public String name() {
    return name;
  }

  /** The configuration in force. */
  public DaemonConfig config() {
    return config;
  }

  public DaemonStatus status() {
    return status;
  }

  public Phase phase() {
    return phase;
  }

  /** Whether it is to run. */
  public boolean wish() {
    return wish;
  }

  /** Number of the present or last run. */
  public long generation() {
    return generation;
  }

  /** How often it was started again. */
  public long restarts() {
    return total;
  }

  /** The present run, or the last one until it is cleared away. */
  public Optional<DaemonHandle> handle() {
    return Optional.ofNullable(handle);
  }

  /** Whether a run is there, or may be. */
  public boolean isLive() {
    return live;
  }

  /** Whether the adapter of the run looks after it. */
  public boolean isObserved() {
    return observed;
  }

  public Optional<ExitReason> lastExit() {
    return Optional.ofNullable(lastExit);
  }

  public Optional<HealthStatus> health() {
    return Optional.ofNullable(health);
  }

  /**
   * Whether, as things are, the next run would begin the moment that this one ends by itself, with nothing to be waited for: then it
   * can be prepared. Which ends are meant is told by {@link #followsAtOnce}.
   */
  public boolean canBeFollowedAtOnce() {
    return config.backoff().initial().isZero()
        && wish
        && live
        && observed
        && (phase == Phase.UP || phase == Phase.WARMING)
        && next == null
        && config.restartBy() == RestartBy.MANAGER
        && config.policy().breaker().isEmpty()
        && config.depends().equals(Depends.NONE);
  }

  /**
   * Whether a start follows at once on such an end, by what has happened until now.
   *
   * @param time nanoseconds of the same clock as of {@link #handle}
   */
  public Predicate<ExitReason> followsAtOnce(long time) {
    Restarts known = restarts.copy();
    DaemonConfig of = config;
    return exit -> known.againAtOnce(of, exit, time);
  }

  /** The last fault of a call to the adapter. */
  public Optional<DaemonException> fault() {
    return Optional.ofNullable(fault);
  }

  /** What it is doing, for people; may be empty. */
  public String activity() {
    if (live && !observed) {
      return "its adapter is not there";
    }
    return switch (phase) {
      case GATED, HELD -> waitsFor.isEmpty() ? "about to start" : "waits for " + waitsFor;
      case GROUPED -> "waits for its group";
      case BACKOFF -> waitsFor;
      case LAUNCHING -> "being started";
      case WARMING -> "not ready";
      case PAUSING -> "being paused";
      case RESUMING -> "being resumed";
      case ENDING -> launching ? "ends as soon as it is started" : "";
      case IDLE, UP, PAUSED -> "";
    };
  }

  /**
   * Handles one message.
   *
   * @param time nanoseconds of a monotonic clock
   * @param effects takes what is to be done, in order
   * @throws DaemonException when a command is refused; nothing has changed then
   */
  public void handle(Message message, long time, Consumer<Effect> effects) throws DaemonException {
    now = time;
    out = effects;
    switch (message) {
      case Message.Command c -> command(c);
      case Message.OfRun r -> {
        if (r.generation() == generation) {
          ofRun(r);
        }
      }
      case Message.Wake w -> {
        if (phase == Phase.HELD) {
          launch();
        }
      }
      case Message.Renew r -> {
        if ((live || launching) && phase != Phase.ENDING) {
          finish(After.AGAIN, null, null);
        }
      }
      case Message.AdapterLeft l -> adapterLeft();
      case Message.AdapterCame c -> {
        if (live && !observed && handle != null) {
          out.accept(new Effect.RecoverRun(generation, handle, config));
        }
      }
      case Message.Rang r -> {
        if (armed.remove(r.alarm(), r.sequence())) {
          rang(r.alarm());
        }
      }
    }
  }

  private void command(Message.Command command) throws DaemonException {
    switch (command) {
      case Message.Start s -> start(s);
      case Message.Stop s -> {
        wish(wish && !s.forgoes());
        finish(After.REST, s.verdict().orElse(null), null);
      }
      case Message.Restart r -> {
        wish(true);
        restarts.forget();
        wasUp = false;
        if (!status.isActive()) {
          begin();
        } else if (live || launching) {
          finish(After.AGAIN, null, null);
        } else {
          disarmAll();
          begin();
        }
      }
      case Message.Pause p -> pause();
      case Message.Resume r -> resume();
      case Message.Send s -> send(s);
      case Message.Limit l -> limit(l);
      case Message.Halt h -> {
        ExitReason reason = new ExitReason.PolicyViolation(h.policy(), h.detail());
        finish(After.REST, FailureReason.of(reason), reason);
      }
      case Message.Configure c -> configure(c);
    }
  }

  private void ofRun(Message.OfRun message) {
    switch (message) {
      case Message.GateOpen g -> {
        if (phase == Phase.GATED) {
          launch();
        }
      }
      case Message.GateShut g -> {
        if (phase == Phase.GATED) {
          rest(g.reason());
        }
      }
      case Message.GateWaits g -> {
        if (phase == Phase.GATED) {
          waitsFor = g.what();
        }
      }
      case Message.GroupAgrees g -> {
        if (phase == Phase.GROUPED) {
          backoff(pendingDelay);
        }
      }
      case Message.GroupFails g -> {
        if (phase == Phase.GROUPED) {
          rest(g.reason());
        }
      }
      case Message.Spawned s -> spawned(s);
      case Message.SpawnFailed f -> spawnFailed(f.error());
      case Message.Held h -> held(h);
      case Message.Denied d -> denied(d.reason());
      case Message.Ready r -> {
        if (phase == Phase.WARMING) {
          up();
        } else if (phase == Phase.LAUNCHING) {
          early = true;
        }
      }
      case Message.Exited e -> exited(e.reason());
      case Message.StopFailed f -> stopFailed(f.error());
      case Message.PauseDone d -> pauseDone(d.error().orElse(null));
      case Message.ResumeDone d -> resumeDone(d.error().orElse(null));
      case Message.Heartbeat h -> lastBeat = now;
      case Message.ProbeDone p -> probed(p.health(), config.healthCheck().retries());
      case Message.ProbeSkipped p -> {
        if (checksHealth()) {
          arm(Alarm.HEALTH, config.healthCheck().interval());
        }
      }
      case Message.PlatformHealth p -> platformHealth(p.health());
      case Message.Inspected i -> inspected(i.stopped());
      case Message.Limited l -> config = config.toBuilder().resources(l.resources()).build();
      case Message.PlatformRestarted r -> platformRestarted(r);
      case Message.Recovered r -> recovered(r.outcome());
      case Message.Unborn u -> unborn();
    }
  }

  // Starting

  private void start(Message.Start s) throws DaemonException {
    if (!status.isActive()) {
      if (s.asked()) {
        restarts.forget();
      }
      wish(true);
      if (s.counted()) {
        total++;
      }
      wasUp = false;
      begin();
    } else if (s.asked()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          name,
          "is "
              + status
              + " already (run "
              + generation
              + (live && handle != null && handle.pid().isPresent()
                  ? ", pid " + handle.pid().getAsLong()
                  : "")
              + ")",
          phase == Phase.ENDING ? "wait until it has stopped" : "use restart to start it anew");
    } else if (phase == Phase.ENDING && after == After.REST) {
      wish(true);
      after = After.AGAIN;
      verdict = null;
      if (s.counted()) {
        total++;
      }
    }
  }

  private void wish(boolean running) {
    if (wish != running) {
      wish = running;
      out.accept(new Effect.Desire(running));
    }
  }

  private void begin() {
    generation++;
    after = After.REST;
    verdict = null;
    cause = null;
    early = false;
    fault = null;
    waitsFor = "";
    takeNext();
    move(DaemonStatus.STARTING);
    gate();
  }

  private void gate() {
    var d = config.depends();
    if (d.after().isEmpty() && d.requires().isEmpty() && d.wants().isEmpty()) {
      launch();
    } else {
      phase = Phase.GATED;
      out.accept(new Effect.Gate(generation));
    }
  }

  private void launch() {
    disarm(Alarm.HOLD);
    phase = Phase.LAUNCHING;
    launching = true;
    launchedAt = now;
    out.accept(
        new Effect.Launch(generation, config, total, Optional.ofNullable(handle), abandoned));
  }

  private void held(Message.Held h) {
    if (!launching) {
      return;
    }
    launching = false;
    if (phase == Phase.ENDING) {
      ended();
      return;
    }
    phase = Phase.HELD;
    waitsFor = h.why();
    h.retryAfter().ifPresent(d -> arm(Alarm.HOLD, d));
  }

  private void denied(String reason) {
    if (launching) {
      launching = false;
      rest(new FailureReason.PolicyViolation(reason));
    }
  }

  private void spawned(Message.Spawned spawned) {
    if (!launching) {
      return;
    }
    launching = false;
    handle = spawned.handle();
    announces = spawned.announces();
    live = true;
    observed = true;
    abandoned = false;
    stoppedBySignal = false;
    lastBeat = now;
    health = null;
    judged = HealthStatus.State.HEALTHY;
    badProbes = 0;
    if (phase == Phase.ENDING) {
      stopRun();
      return;
    }
    phase = Phase.WARMING;
    warm();
  }

  private void warm() {
    if (early || (!announces && config.readiness().type() == Readiness.Type.NONE)) {
      up();
    } else {
      arm(Alarm.READINESS, config.readiness().timeout());
      awaitReady();
    }
  }

  private void awaitReady() {
    if (handle != null) {
      out.accept(new Effect.AwaitReady(generation, handle, config));
    }
  }

  private void spawnFailed(DaemonException error) {
    if (!launching) {
      return;
    }
    launching = false;
    fault = error;
    FailureReason reason = new FailureReason.Internal(String.valueOf(error.getMessage()));
    if (phase == Phase.ENDING) {
      ended();
    } else if (!wasUp && PERMANENT.contains(error.code())) {
      rest(reason);
    } else {
      // There was no run that could have an end, and what follows tells of another start only.
      out.accept(new Effect.Warning("start", String.valueOf(error.getMessage())));
      decide(new ExitReason.Failure(1, String.valueOf(error.getMessage())), reason);
    }
  }

  private void up() {
    disarm(Alarm.READINESS);
    phase = Phase.UP;
    wasUp = true;
    readyAt = now;
    move(DaemonStatus.RUNNING);
    out.accept(new Effect.BecameReady(generation, Duration.ofNanos(now - launchedAt)));
    restarts.well(now);
    watch(Duration.ofNanos(Math.min(config.healthCheck().interval().toNanos(), 1_000_000_000L)));
  }

  /** Health and watchdog of a run that is up, the first probe after {@code first}, spread out by chance. */
  private void watch(Duration first) {
    lastBeat = now;
    if (checksHealth()) {
      arm(Alarm.HEALTH, Duration.ofNanos((long) (first.toNanos() * random.nextDouble())));
    } else {
      disarm(Alarm.HEALTH);
    }
    config
        .watchdog()
        .ifPresentOrElse(interval -> arm(Alarm.WATCHDOG, interval), () -> disarm(Alarm.WATCHDOG));
  }

  private boolean checksHealth() {
    return phase == Phase.UP && observed && config.healthCheck().enabled();
  }

  // Ending

  /** Ends what is active, by the shortest way. */
  private void finish(After then, @Nullable FailureReason as, @Nullable ExitReason because) {
    if (!status.isActive()) {
      return;
    }
    if (phase == Phase.ENDING) {
      after = then;
      if (as != null) {
        verdict = as;
      }
      if (because != null && cause == null) {
        cause = because;
      }
      return;
    }
    after = then;
    verdict = as;
    cause = because;
    disarmAll();
    if (live || launching) {
      boolean held = phase == Phase.PAUSED || phase == Phase.PAUSING;
      phase = Phase.ENDING;
      move(DaemonStatus.STOPPING);
      if (live && observed && handle != null && held) {
        // A stopped process would not see its stop signal.
        out.accept(new Effect.ResumeRun(generation, handle));
        letContinue();
      }
      if (live) {
        stopRun();
      }
    } else {
      rest(as);
    }
  }

  private void stopRun() {
    if (observed && handle != null) {
      out.accept(
          new Effect.StopRun(generation, handle, config.stopSignal(), config.shutdownTimeout()));
    }
  }

  private void stopFailed(DaemonException error) {
    if (phase == Phase.ENDING && live) {
      fault = error;
      out.accept(new Effect.Warning("stop", String.valueOf(error.getMessage())));
      arm(Alarm.STOP, STOP_RETRY);
    }
  }

  /** Kills a run that deserves it; its restart policy decides what follows. */
  private void kill(ExitReason because) {
    after = After.RULES;
    cause = because;
    verdict = null;
    disarmAll();
    phase = Phase.ENDING;
    move(DaemonStatus.STOPPING);
    if (handle != null) {
      out.accept(new Effect.KillRun(generation, handle));
    }
  }

  private void exited(ExitReason reason) {
    if (!live || handle == null) {
      return;
    }
    live = false;
    observed = true;
    disarmAll();
    ExitReason exit = cause == null || reason instanceof ExitReason.Abandoned ? reason : cause;
    lastExit = exit;
    abandoned = exit instanceof ExitReason.Abandoned;
    out.accept(new Effect.Ended(generation, handle, exit));
    if (phase == Phase.ENDING) {
      ended();
    } else {
      decide(exit, FailureReason.of(exit));
    }
  }

  /** What was to end has ended. */
  private void ended() {
    ExitReason exit = lastExit;
    boolean stuck = abandoned && exit != null;
    switch (after) {
      case AGAIN -> begin();
      case RULES -> {
        ExitReason because = cause == null ? new ExitReason.Unknown("") : cause;
        decide(stuck && exit != null ? exit : because, FailureReason.of(because));
      }
      case REST ->
          rest(stuck && exit != null && verdict == null ? FailureReason.of(exit) : verdict);
    }
  }

  private void rest(@Nullable FailureReason reason) {
    disarmAll();
    phase = Phase.IDLE;
    waitsFor = "";
    takeNext();
    move(reason == null ? DaemonStatus.STOPPED : DaemonStatus.failed(reason));
  }

  private void decide(ExitReason exit, FailureReason reason) {
    boolean success = Restarts.isSuccess(config.exit(), exit);
    if (!wish) {
      // TERM from an operator, or a stop that was asked for while nobody looked.
      rest(null);
    } else if (exit instanceof ExitReason.HostLost) {
      out.accept(new Effect.Scheduled(Duration.ZERO, ++total));
      begin();
    } else if (config.restartBy() == RestartBy.PLATFORM) {
      rest(success ? null : reason);
    } else {
      switch (restarts.decide(config, exit, reason, now, random)) {
        case Restarts.Decision.Done d -> rest(null);
        case Restarts.Decision.GiveUp g -> rest(g.reason());
        case Restarts.Decision.Again a -> {
          if (config.depends().group().isEmpty()) {
            backoff(a.delay());
          } else {
            pendingDelay = a.delay();
            phase = Phase.GROUPED;
            move(DaemonStatus.STARTING);
            out.accept(new Effect.Died(generation, a.delay()));
          }
        }
      }
    }
  }

  private void backoff(Duration delay) {
    total++;
    out.accept(new Effect.Scheduled(delay, total));
    if (delay.isZero()) {
      begin();
      return;
    }
    phase = Phase.BACKOFF;
    waitsFor = "backoff " + tenths(delay) + " s";
    move(DaemonStatus.STARTING);
    arm(Alarm.BACKOFF, delay);
  }

  private static String tenths(Duration d) {
    return String.format(Locale.ROOT, "%.1f", d.toMillis() / 1000.0);
  }

  // Running

  private void pause() throws DaemonException {
    switch (phase) {
      case PAUSED, PAUSING -> {
        // It is what was asked for.
      }
      case UP -> {
        DaemonHandle h = observedRun("paused");
        fault = null;
        unwatch();
        phase = Phase.PAUSING;
        out.accept(new Effect.PauseRun(generation, h));
      }
      default -> throw notNow("paused");
    }
  }

  /** Health and watchdog rest while it does not run. */
  private void unwatch() {
    disarm(Alarm.HEALTH);
    disarm(Alarm.WATCHDOG);
  }

  private void resume() throws DaemonException {
    switch (phase) {
      case UP, RESUMING -> {
        // It is what was asked for.
      }
      case PAUSED -> {
        DaemonHandle h = observedRun("resumed");
        fault = null;
        phase = Phase.RESUMING;
        out.accept(new Effect.ResumeRun(generation, h));
        letContinue();
      }
      default -> throw notNow("resumed");
    }
  }

  private void letContinue() {
    if (stoppedBySignal && handle != null) {
      stoppedBySignal = false;
      out.accept(new Effect.SignalRun(generation, handle, Signal.CONT, 0));
    }
  }

  private void pauseDone(@Nullable DaemonException error) {
    if (phase != Phase.PAUSING) {
      return;
    }
    fault = error;
    if (error == null) {
      phase = Phase.PAUSED;
      move(DaemonStatus.PAUSED);
    } else {
      phase = Phase.UP;
      watch(config.healthCheck().interval());
    }
  }

  private void resumeDone(@Nullable DaemonException error) {
    if (phase != Phase.RESUMING) {
      return;
    }
    fault = error;
    if (error == null) {
      goOn();
    } else {
      phase = Phase.PAUSED;
    }
  }

  private void goOn() {
    phase = Phase.UP;
    move(DaemonStatus.RUNNING);
    watch(config.healthCheck().interval());
  }

  private void send(Message.Send s) throws DaemonException {
    if (phase != Phase.UP && phase != Phase.PAUSED) {
      throw notNow("signalled");
    }
    DaemonHandle h = observedRun("signalled");
    if (s.signal().asksForShutdown()) {
      wish(false);
    }
    out.accept(new Effect.SignalRun(generation, h, s.signal(), s.ticket()));
    if (s.signal() == Signal.STOP && phase == Phase.UP) {
      stoppedBySignal = true;
      unwatch();
      phase = Phase.PAUSED;
      move(DaemonStatus.PAUSED);
    } else if (s.signal() == Signal.CONT && phase == Phase.PAUSED && stoppedBySignal) {
      stoppedBySignal = false;
      goOn();
    }
  }

  private void limit(Message.Limit l) throws DaemonException {
    if (live) {
      out.accept(
          new Effect.LimitRun(generation, observedRun("limited"), l.resources(), l.ticket()));
    } else {
      config = config.toBuilder().resources(l.resources()).build();
    }
  }

  private DaemonHandle observedRun(String what) throws DaemonException {
    if (!observed || handle == null) {
      throw new AdapterGone(config.platform(), name);
    }
    if (!live) {
      throw notNow(what);
    }
    return handle;
  }

  private DaemonException notNow(String what) {
    return new DaemonException(
        ErrorCode.INVALID_STATE,
        name,
        "cannot be " + what + " while it is " + status,
        status.isActive() ? "wait until it is running" : "start it first");
  }

  private void configure(Message.Configure c) {
    if (c.restart() && (live || launching)) {
      next = c.config();
      if (phase != Phase.ENDING) {
        finish(After.AGAIN, null, null);
      }
      return;
    }
    config = c.config();
    next = null;
    if (c.restart() && phase == Phase.BACKOFF) {
      // What failed is not what would be started now.
      restarts.forget();
      disarmAll();
      begin();
      return;
    }
    switch (phase) {
      case GATED -> gate();
      case HELD -> launch();
      case UP -> watch(config.healthCheck().interval());
      default -> {
        // Nothing of it is at work now.
      }
    }
  }

  private void takeNext() {
    if (next != null) {
      config = next;
      next = null;
    }
  }

  // Health

  private void probed(HealthStatus answer, int retries) {
    if (!checksHealth()) {
      return;
    }
    arm(Alarm.HEALTH, config.healthCheck().interval());
    judge(answer, retries);
  }

  private void platformHealth(HealthStatus answer) {
    if (phase == Phase.UP && observed) {
      if (config.healthCheck().enabled()) {
        judge(answer, 1);
      } else {
        health = answer;
      }
    }
  }

  private void judge(HealthStatus answer, int retries) {
    health = answer;
    if (answer.state() != HealthStatus.State.UNHEALTHY) {
      badProbes = 0;
      restarts.well(now);
      judged(answer);
      return;
    }
    HealthCheck check = config.healthCheck();
    String detail = detail(answer);
    if (now - readyAt < check.startPeriod().toNanos()) {
      out.accept(new Effect.ProbeBad(detail + " (in its start period)", 0));
      return;
    }
    badProbes++;
    out.accept(new Effect.ProbeBad(detail, badProbes));
    if (badProbes < retries) {
      return;
    }
    boolean changed = judged != HealthStatus.State.UNHEALTHY;
    judged(answer);
    restarts.unwell(now, config.backoff());
    if (check.onUnhealthy() == HealthCheck.OnUnhealthy.RESTART) {
      finish(After.RULES, null, new ExitReason.HealthCheckFailed(detail));
    } else if (changed) {
      out.accept(new Effect.Warning("health", detail));
    }
  }

  private void judged(HealthStatus answer) {
    if (judged != answer.state()) {
      judged = answer.state();
      out.accept(new Effect.HealthNow(answer));
    }
  }

  private static String detail(HealthStatus answer) {
    return answer.checks().stream()
        .filter(c -> !c.passed())
        .map(HealthStatus.Check::message)
        .findFirst()
        .orElse("unhealthy");
  }

  private void rang(Alarm alarm) {
    switch (alarm) {
      case BACKOFF -> {
        if (phase == Phase.BACKOFF) {
          begin();
        }
      }
      case HOLD -> {
        if (phase == Phase.HELD) {
          launch();
        }
      }
      case READINESS -> {
        if (phase == Phase.WARMING) {
          finish(After.RULES, null, new ExitReason.ReadinessTimeout(config.readiness().timeout()));
        }
      }
      case WATCHDOG -> {
        if (phase == Phase.UP && observed && handle != null && config.watchdog().isPresent()) {
          long due = lastBeat + config.watchdog().get().toNanos();
          if (now < due) {
            arm(Alarm.WATCHDOG, Duration.ofNanos(due - now));
          } else {
            out.accept(new Effect.Inspect(generation, handle));
          }
        }
      }
      case HEALTH -> {
        if (checksHealth() && handle != null) {
          out.accept(new Effect.Probe(generation, handle, config));
        }
      }
      case STOP -> {
        if (phase == Phase.ENDING && live && observed && handle != null) {
          out.accept(new Effect.KillRun(generation, handle));
        }
      }
    }
  }

  private void inspected(boolean stopped) {
    if (phase != Phase.UP || !observed || config.watchdog().isEmpty()) {
      return;
    }
    Duration interval = config.watchdog().get();
    long due = lastBeat + interval.toNanos();
    if (stopped) {
      // Somebody else holds it: it gets a whole interval once it is let go.
      lastBeat = now;
      arm(Alarm.WATCHDOG, interval);
    } else if (now < due) {
      arm(Alarm.WATCHDOG, Duration.ofNanos(due - now));
    } else {
      kill(new ExitReason.WatchdogTimeout(interval));
    }
  }

  // Platform

  private void platformRestarted(Message.PlatformRestarted r) {
    if (launching) {
      return;
    }
    handle = r.next();
    total++;
    lastExit = r.previous();
    boolean ending = phase == Phase.ENDING;
    live = true;
    observed = true;
    out.accept(new Effect.PlatformAgain(generation, r.next(), r.previous(), total));
    if (ending) {
      stopRun();
      return;
    }
    disarmAll();
    if (status.state() != State.STARTING) {
      move(DaemonStatus.STARTING);
    }
    launchedAt = now;
    badProbes = 0;
    early = false;
    phase = Phase.WARMING;
    warm();
  }

  private void adapterLeft() {
    if (!live) {
      return;
    }
    observed = false;
    disarmAll();
    if (phase == Phase.PAUSING) {
      phase = Phase.UP;
    } else if (phase == Phase.RESUMING) {
      phase = Phase.PAUSED;
    }
  }

  private void recovered(Recovery outcome) {
    if (!live || observed) {
      return;
    }
    switch (outcome) {
      case Recovery.Running r -> {
        handle = r.handle();
        observed = true;
        out.accept(new Effect.FoundAgain(generation, r.handle(), "it runs"));
        found(r.paused());
      }
      case Recovery.Exited e -> exited(e.reason());
      case Recovery.Lost l -> exited(new ExitReason.Lost(l.why()));
    }
  }

  /** What was asked for before the manager went was not done: it counts as nothing. */
  private void unborn() {
    if (!live || observed) {
      return;
    }
    live = false;
    observed = true;
    handle = null;
    disarmAll();
    if (phase == Phase.ENDING) {
      ended();
    } else if (wish) {
      begin();
    } else {
      rest(null);
    }
  }

  private void found(boolean paused) {
    if (!wish && phase != Phase.ENDING) {
      finish(After.REST, null, null);
      return;
    }
    switch (phase) {
      case ENDING -> stopRun();
      case WARMING -> {
        // What it may have announced meanwhile cannot be heard any more.
        switch (config.readiness().type()) {
          case NOTIFY, FD, NONE -> up();
          default -> {
            arm(Alarm.READINESS, config.readiness().timeout());
            awaitReady();
          }
        }
      }
      case PAUSED -> {
        if (!paused && !stoppedBySignal) {
          goOn();
        }
      }
      default -> {
        restarts.well(now);
        if (paused) {
          phase = Phase.PAUSED;
          move(DaemonStatus.PAUSED);
        } else {
          watch(config.healthCheck().interval());
        }
      }
    }
  }

  // Plumbing

  private void move(DaemonStatus to) {
    if (to.equals(status)) {
      return;
    }
    DaemonStatus from = status;
    try {
      status = status.moveTo(to, name);
    } catch (DaemonException e) {
      // The table is the law; a fault of ours must not pass for a state.
      throw new IllegalStateException(e);
    }
    out.accept(new Effect.Moved(from, to));
  }

  private void arm(Alarm alarm, Duration in) {
    long sequence = ++alarms;
    armed.put(alarm, sequence);
    out.accept(new Effect.Arm(alarm, sequence, now + in.toNanos()));
  }

  private void disarm(Alarm alarm) {
    if (armed.remove(alarm) != null) {
      out.accept(new Effect.Disarm(alarm));
    }
  }

  private void disarmAll() {
    for (Alarm alarm : Alarm.values()) {
      disarm(alarm);
    }
  }
}
