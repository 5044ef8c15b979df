package com.paiml.duende.adapter.systemd.run;

import com.paiml.duende.adapter.systemd.Faults;
import com.paiml.duende.adapter.systemd.SystemdAdapter;
import com.paiml.duende.adapter.systemd.kernel.LimitReader;
import com.paiml.duende.adapter.systemd.kernel.ProcessFiles;
import com.paiml.duende.adapter.systemd.kernel.UnitGroup;
import com.paiml.duende.adapter.systemd.kernel.Use;
import com.paiml.duende.adapter.systemd.service.ServiceManager;
import com.paiml.duende.adapter.systemd.service.ServiceManager.Whom;
import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.adapter.systemd.service.UnitWatcher;
import com.paiml.duende.adapter.systemd.unit.ExecFailure;
import com.paiml.duende.adapter.systemd.unit.Exits;
import com.paiml.duende.adapter.systemd.unit.UnitSettings;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.RelayedEvents;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.support.program.PidFile;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** One run of a daemon: a unit from its start to its end, with every start that systemd itself makes in between. */
public final class UnitRun implements UnitWatcher {
  /** In a handle: the unit's name. */
  public static final String UNIT = "unit";

  /** In a handle: systemd's own number of the run. */
  public static final String INVOCATION = "invocation";

  private static final System.Logger LOG = System.getLogger(UnitRun.class.getName());
  private static final int SIGKILL = 9;
  private static final int SIGSTOP = 19;
  private static final int SIGCONT = 18;
  private static final Duration KILL = Duration.ofSeconds(10);
  private static final Duration ASK = Duration.ofSeconds(5);
  private static final long LOOK_MILLIS = 2;
  private static final int MEANWHILE = 64;

  private final Domain domain;
  private final LaunchSpec spec;
  private final String unit;
  private final RelayedEvents events;
  private volatile ServiceManager.Watch watch;

  /** Completed when it is known whether the program runs. */
  private final CompletableFuture<String> started = new CompletableFuture<>();

  private Map<String, CompletableFuture<ExitReason>> earlier = Map.of();

  /** Results of jobs that were told before it was known which one is its start, by job. */
  private final Map<String, String> early = new HashMap<>(1);

  /** What was told between its start's end and the moment when whoever started it goes on, the oldest first. */
  private final Deque<UnitState> meanwhile = new ArrayDeque<>(1);

  private @Nullable UnitState atStart;
  private @Nullable String startJob;
  private ServiceManager.@Nullable Answer asked;
  private long askedAt;
  private CompletableFuture<ExitReason> exit = new CompletableFuture<>();
  private UnitState state = UnitState.NONE;
  private @Nullable DaemonHandle handle;
  private Resources resources;
  private boolean begun;
  private boolean ready;
  private boolean stopping;
  private boolean left;
  private long restarts;
  private long mainPid;
  private String statusText = "";
  private long outOfMemory;
  private @Nullable ExitReason previous;

  private final Use use;

  UnitRun(Domain domain, LaunchSpec spec, String unit, AdapterEvents events)
      throws DaemonException {
    this.domain = domain;
    this.spec = spec;
    this.unit = unit;
    this.events = new RelayedEvents(events);
    this.resources = spec.config().resources();
    this.use = new Use(domain.mayBeOpen());
    this.watch = domain.manager().watch(unit, this);
  }

  public LaunchSpec spec() {
    return spec;
  }

  String unit() {
    return unit;
  }

  Domain domain() {
    return domain;
  }

  public synchronized DaemonHandle handle() {
    DaemonHandle h = handle;
    if (h == null) {
      throw new IllegalStateException("not started yet");
    }
    return h;
  }

  public synchronized boolean hasEnded() {
    return exit.isDone();
  }

  /** The stage of the run that this handle names. */
  public synchronized CompletionStage<ExitReason> exit(DaemonHandle of) {
    DaemonHandle now = handle;
    if (now != null && isSameRun(now, of)) {
      return exit;
    }
    CompletableFuture<ExitReason> old = earlier.get(of.get(INVOCATION).orElse(""));
    return old == null ? exit : old;
  }

  /** Not every run could be asked for its invocation; then its process tells. */
  private static boolean isSameRun(DaemonHandle one, DaemonHandle other) {
    Optional<String> invocation = one.get(INVOCATION);
    return invocation.equals(other.get(INVOCATION))
        && (invocation.isPresent() || one.pid().equals(other.pid()));
  }

  // What systemd tells

  @Override
  public synchronized void changed(UnitState told) {
    UnitState now = state.with(told.properties());
    state = now;
    if (!begun && started.isDone()) {
      if (meanwhile.size() == MEANWHILE) {
        UnitState _ = meanwhile.remove();
      }
      meanwhile.add(now);
    }
    if (begun || now.number("ExecMainCode") != 0) {
      // Before its program has run there is nothing that was killed, and its start would wait for
      // the answer.
      outOfMemory = Math.max(outOfMemory, group().outOfMemoryKills());
    }
    String text = now.text("StatusText");
    if (!text.isEmpty() && !text.equals(statusText)) {
      statusText = text;
      events.statusText(text);
    }
    if (isNotify()
        && now.number("MainPID") != 0
        && now.text("ActiveState").matches("activating|active")
        && !started.isDone()) {
      started("running");
    }
    if (!started.isDone() && byPlatform() && isBetweenRuns(now)) {
      previous = reason(now);
    }
    if (begun) {
      follow(now);
    } else if (now.number("MainPID") != 0 && (asked == null || asked.isVain())) {
      askIdentity();
    }
  }

  /** While its program is being executed: the answer is there when that is done, unless systemd was asked before it began. */
  synchronized void askIdentity() {
    askedAt = state.number("NRestarts");
    try {
      asked = domain.manager().ask(unit);
    } catch (DaemonException later) {
      LOG.log(System.Logger.Level.DEBUG, "is asked for when it has been started", later);
    }
  }

  /** What a state means once the start is over. */
  private void follow(UnitState now) {
    String sub = now.text("SubState");
    if (isNotify() && !ready && sub.equals("running")) {
      ready = true;
      events.ready();
    }
    if (exit.isDone()) {
      return;
    }
    if (byPlatform() && passes(now, true)) {
      return;
    }
    if (now.isOver() && now.hasRun()) {
      end(now);
    } else if (sub.equals("exited")) {
      ExitReason reason = reason(now);
      sweep();
      complete(reason);
    }
  }

  /**
   * A state of a unit that systemd restarts.
   *
   * @param last whether systemd has told nothing since
   * @return whether another run follows
   */
  private boolean passes(UnitState now, boolean last) {
    if (now.number("NRestarts") > restarts && now.number("ExecMainPID") != mainPid) {
      again(now, last);
    }
    if (isBetweenRuns(now)) {
      previous = reason(now);
      return true;
    }
    return false;
  }

  private static boolean isBetweenRuns(UnitState now) {
    return now.text("SubState").equals("auto-restart") && now.number("ExecMainCode") != 0;
  }

  /** systemd has started it once more. What is asked for is the last run's, and not known of those before it. */
  private void again(UnitState now, boolean last) {
    restarts = now.number("NRestarts");
    mainPid = now.number("ExecMainPID");
    ExitReason ended =
        previous != null ? previous : new ExitReason.Unknown("systemd has restarted it since");
    previous = null;
    ready = false;
    CompletableFuture<ExitReason> old = exit;
    DaemonHandle before = handle();
    earlier = Map.of(before.get(INVOCATION).orElse(""), old);
    exit = new CompletableFuture<>();
    UnitState named = now.with(Map.of("InvocationID", ""));
    if (last) {
      try {
        state = now.with(domain.manager().identify(unit, Deadline.after(ASK)));
        named = state;
      } catch (DaemonException gone) {
        LOG.log(System.Logger.Level.DEBUG, "cannot be identified", gone);
      }
    }
    DaemonHandle next = handleOf(named);
    handle = next;
    writePidFile(next);
    events.restarted(next, ended);
    old.complete(ended);
    if (isNotify() && now.text("SubState").equals("running")) {
      ready = true;
      events.ready();
    }
  }

  private void end(UnitState now) {
    UnitState last = now;
    if (byPlatform() && !stopping) {
      // Between two runs of a unit that is restarted this state may be seen for a moment.
      try {
        UnitState fresh = domain.manager().look(unit, Deadline.after(ASK));
        boolean later = fresh.number("ExecMainPID") != now.number("ExecMainPID");
        if (fresh.isLoaded() && (later || !fresh.isOverForGood())) {
          return; // what became of it is on its way
        }
        if (fresh.isLoaded()) {
          last = fresh;
        }
      } catch (DaemonException unreachable) {
        LOG.log(System.Logger.Level.DEBUG, "cannot be asked", unreachable);
      }
    }
    complete(reason(last));
  }

  private ExitReason reason(UnitState now) {
    return Exits.of(now, spec.config(), outOfMemory > 0);
  }

  private void complete(ExitReason reason) {
    handle().pid().ifPresent(this::removePidFile);
    use.close();
    exit.complete(reason);
  }

  /** systemd keeps the unit as active although its program has ended: what is left of its tree goes. */
  private void sweep() {
    try {
      domain.manager().kill(unit, Whom.ALL, SIGKILL, Deadline.after(ASK));
    } catch (DaemonException nothingLeft) {
      LOG.log(System.Logger.Level.DEBUG, "nothing is left", nothingLeft);
    }
    try {
      domain.manager().stop(unit, Deadline.after(ASK));
    } catch (DaemonException gone) {
      LOG.log(System.Logger.Level.DEBUG, "it is gone", gone);
    }
  }

  private void started(String result) {
    if (started.complete(result)) {
      atStart = state;
    }
  }

  @Override
  public synchronized void jobOver(String job, String result) {
    if (begun) {
      return;
    }
    if (startJob == null) {
      // Of an earlier run of the unit, or quicker than the answer to the call.
      early.put(job, result);
    } else if (job.equals(startJob)) {
      started(result);
    }
  }

  /** The job that starts it. */
  synchronized void startsBy(String job) {
    startJob = job;
    String result = early.get(job);
    if (result != null) {
      started(result);
    }
    early.clear();
  }

  @Override
  public synchronized void removed() {
    if (begun && !exit.isDone()) {
      complete(
          state.hasRun()
              ? reason(state)
              : new ExitReason.Unknown("systemd has forgotten its unit"));
    }
  }

  @Override
  public synchronized void lost(String why) {
    LOG.log(System.Logger.Level.DEBUG, () -> unit + ": not heard of for the moment: " + why);
  }

  @Override
  public void closed() {
    leave();
  }

  @Override
  public synchronized void found(UnitState now) {
    if (!begun) {
      foundStarting(now);
      return;
    }
    if (exit.isDone()) {
      return;
    }
    if (!now.isLoaded()) {
      complete(
          domain
              .journal()
              .endOf(handle().get(INVOCATION).orElse(""), Deadline.after(ASK))
              .orElse(new ExitReason.Unknown("it ended while there was no connection to systemd")));
      return;
    }
    changed(now);
  }

  /** The word of its start's end may have been among those that were lost. */
  private void foundStarting(UnitState found) {
    if (startJob == null || started.isDone()) {
      return;
    }
    UnitState now = found;
    if (now.isOver() || !now.isLoaded()) {
      // It may have been looked at before there was the job, or while the job waited.
      try {
        now = domain.manager().look(unit, Deadline.after(ASK));
      } catch (DaemonException unreachable) {
        LOG.log(System.Logger.Level.DEBUG, "is looked at when there is a connection", unreachable);
        return;
      }
    }
    state = state.with(now.properties());
    if (!now.isLoaded()) {
      started.complete("lost with the connection to systemd");
    } else if (now.isOverForGood()) {
      started.complete(now.text("Result").equals("success") ? "done" : "failed");
    } else if (now.text("ActiveState").equals("active")) {
      started.complete("done");
    }
  }

  // The start

  /** To be called when somebody else has watched the unit of this name since. */
  void watchAgain() throws DaemonException {
    watch = domain.manager().watch(unit, this);
  }

  /** Waits until the program runs, has run, or could not be started. */
  void awaitStart(Deadline deadline) throws DaemonException {
    String result;
    try {
      result = started.get(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException late) {
      throw Faults.timeout(spec.name(), "systemd has not started " + unit);
    } catch (InterruptedException e) {
      throw Faults.interrupted(spec.name(), "its start");
    } catch (ExecutionException left) {
      if (left.getCause() instanceof AdapterGone gone) {
        throw gone;
      }
      throw new DaemonException(
          ErrorCode.INTERNAL, spec.name(), "its start was lost", "report this", left);
    }
    UnitState now = current();
    if (result.equals("running") && !isExecuted(now, deadline)) {
      now = current();
      result = "failed";
    }
    boolean failed = !result.equals("done") && !result.equals("running");
    if (failed && now.number("ExecMainCode") == 1 && ExecFailure.is(now.number("ExecMainStatus"))) {
      throw refusal(ExecFailure.describe(now.number("ExecMainStatus")));
    }
    if (failed && !now.hasRun()) {
      throw refusal(
          "systemd did not start it (job " + result + ", result " + now.text("Result") + ")");
    }
    begin(asStarted(), identityOfStarted(deadline));
  }

  /** Asked for without a lock: what systemd tells of others meanwhile must not wait for this answer. */
  private Map<String, String> identityOfStarted(Deadline deadline) throws DaemonException {
    try {
      return identity(deadline);
    } catch (DaemonException gone) {
      if (gone.code().equals(ErrorCode.TIMEOUT)) {
        throw gone;
      }
      // It has ended already, and nothing is left by which it could be found again.
      LOG.log(System.Logger.Level.DEBUG, "cannot be identified", gone);
      return Map.of();
    }
  }

  /** Its first run, also when systemd has restarted it since. */
  private synchronized UnitState asStarted() {
    UnitState first = atStart;
    return first == null || first.number("ExecMainPID") == 0 ? state : first;
  }

  private synchronized UnitState current() {
    return state;
  }

  private DaemonException refusal(String why) {
    return new DaemonException(
        ErrorCode.SPAWN,
        spec.name(),
        why,
        "see journalctl -u " + unit + " for systemd's own words, and correct the daemon file");
  }

  /**
   * A unit of type notify is started when it says so, which may be much later: whether its program could be executed shows
   * when the process is no longer systemd's own child-to-be. The one wait here that looks again and again, for the few
   * milliseconds of an execve.
   */
  private boolean isExecuted(UnitState seen, Deadline deadline) throws DaemonException {
    OptionalLong pid = ourPid(seen.with(identity(deadline)));
    if (pid.isEmpty()) {
      return current().number("ExecMainCode") == 0;
    }
    while (!deadline.hasPassed()) {
      UnitState last = current();
      if (last.number("ExecMainCode") != 0) {
        return !ExecFailure.is(last.number("ExecMainStatus"));
      }
      String program = ProcessFiles.program(pid.getAsLong());
      if (!program.isEmpty() && !program.contains("/systemd/systemd")) {
        return true;
      }
      if (program.isEmpty() && ProcessFiles.isDead(pid.getAsLong())) {
        return awaitWord(deadline);
      }
      pause();
    }
    throw Faults.timeout(spec.name(), "its program was not executed");
  }

  /** It is dead: systemd will say how it ended. */
  private boolean awaitWord(Deadline deadline) throws DaemonException {
    while (!deadline.hasPassed()) {
      if (current().number("ExecMainCode") != 0) {
        return !ExecFailure.is(current().number("ExecMainStatus"));
      }
      pause();
    }
    throw Faults.timeout(spec.name(), "systemd does not say how its start ended");
  }

  private void pause() throws DaemonException {
    try {
      Thread.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      throw Faults.interrupted(spec.name(), "its start");
    }
  }

  /** What has happened since it was started counts from here on. */
  private synchronized void begin(UnitState started, Map<String, String> identity) {
    restarts = started.number("NRestarts");
    mainPid = started.number("ExecMainPID");
    handle = handleOf(started.with(identity));
    if (state.number("NRestarts") == restarts) {
      state = state.with(identity);
    }
    begun = true;
    // It may run for long: what was of use for its start only is not kept.
    atStart = null;
    asked = null;
    writePidFile(handle());
    while (!meanwhile.isEmpty()) {
      UnitState told = meanwhile.remove();
      if (byPlatform()) {
        boolean _ = passes(told, meanwhile.isEmpty());
      }
    }
    follow(state);
  }

  /** Taken up as it is. */
  synchronized void adopt(UnitState now) {
    state = now;
    restarts = now.number("NRestarts");
    mainPid = now.number("ExecMainPID");
    statusText = now.text("StatusText");
    handle = handleOf(now);
    begun = true;
    ready = !isNotify() || now.text("SubState").equals("running");
    writePidFile(handle());
    if (isNotify() && ready) {
      events.ready();
    }
  }

  /** Who it is: as it was said during the start, or else as it is said now. */
  private Map<String, String> identity(Deadline deadline) throws DaemonException {
    ServiceManager.@Nullable Answer early;
    boolean first;
    synchronized (this) {
      early = asked;
      first = askedAt == asStarted().number("NRestarts");
    }
    if (early != null && first) {
      try {
        Map<String, String> said = early.await(deadline);
        if (!said.getOrDefault("ControlGroup", "").isEmpty()) {
          return said;
        }
      } catch (DaemonException lost) {
        LOG.log(System.Logger.Level.DEBUG, "is asked for once more", lost);
      }
    }
    Map<String, String> said = domain.manager().identify(unit, deadline);
    // By now it may be another run.
    return current().number("NRestarts") == asStarted().number("NRestarts") ? said : Map.of();
  }

  private DaemonHandle handleOf(UnitState now) {
    Map<String, String> data = new HashMap<>();
    data.put(UNIT, unit);
    data.put("scope", domain.ofUser() ? "user" : "system");
    if (now.invocation().matches("[0-9a-f]*[1-9a-f][0-9a-f]*")) {
      data.put(INVOCATION, now.invocation());
    }
    ourPid(now).ifPresent(pid -> data.put(DaemonHandle.PID, Long.toString(pid)));
    return new DaemonHandle(SystemdAdapter.NAME, spec.name(), spec.id(), spec.generation(), data);
  }

  private OptionalLong ourPid(UnitState now) {
    long pid = now.number("MainPID");
    UnitGroup group = new UnitGroup(domain.hierarchies(), now.text("ControlGroup"));
    return pid == 0
        ? OptionalLong.empty()
        : domain.machine().ours(pid, domain.machine().isHere() ? List.of() : group.processes());
  }

  private void writePidFile(DaemonHandle of) {
    of.pid()
        .ifPresent(
            pid -> {
              try {
                PidFile.write(spec.pidFile(), pid, spec.name());
              } catch (DaemonException refused) {
                LOG.log(System.Logger.Level.WARNING, refused.getMessage());
              }
            });
  }

  private void removePidFile(long pid) {
    try {
      PidFile.remove(spec.pidFile(), pid);
    } catch (IOException refused) {
      LOG.log(System.Logger.Level.WARNING, () -> spec.pidFile() + " cannot be removed: " + refused);
    }
  }

  /** Written limits that do not hold although they were to. */
  List<LimitReport> missed() {
    if (hasEnded() || resources.enforce() == Resources.Enforce.BEST_EFFORT) {
      return List.of();
    }
    if (spec.config().written().stream().noneMatch(UnitRun::isLimit)) {
      return List.of();
    }
    List<LimitReport> missed =
        limits().stream().filter(l -> !l.inForce() && spec.config().isWritten(l.key())).toList();
    // Of what has ended meanwhile, told or not yet, there is nothing to be read.
    return isThere() ? missed : List.of();
  }

  private static boolean isLimit(String key) {
    return key.startsWith("resources.") || key.startsWith("sandbox.");
  }

  private boolean isThere() {
    OptionalLong pid = handle().pid();
    return !hasEnded() && pid.isPresent() && !ProcessFiles.isDead(pid.getAsLong());
  }

  private boolean isNotify() {
    return spec.config().readiness().type() == Readiness.Type.NOTIFY;
  }

  private boolean byPlatform() {
    return spec.config().restartBy() == RestartBy.PLATFORM;
  }

  private synchronized UnitGroup group() {
    return new UnitGroup(domain.hierarchies(), state.text("ControlGroup"));
  }

  // What the manager asks for

  public void signal(Signal signal, Deadline deadline) throws DaemonException {
    refuseEnded();
    domain.manager().kill(unit, Whom.MAIN, signal.number(), deadline);
  }

  private void refuseEnded() throws DaemonException {
    if (hasEnded()) {
      throw Faults.ended(spec.name());
    }
  }

  /** From now on these are told of it. */
  public void tell(AdapterEvents next) {
    events.tell(next);
  }

  public PlatformStatus status(Deadline deadline) throws DaemonException {
    Map<String, String> details = new LinkedHashMap<>();
    details.put("unit", unit);
    details.put("scope", domain.ofUser() ? "user" : "system");
    details.put("restarted by", byPlatform() ? "systemd" : "Duende");
    if (hasEnded()) {
      return new PlatformStatus(
          PlatformStatus.State.ENDED, OptionalLong.empty(), statusText, List.of(), details);
    }
    UnitState now = domain.manager().look(unit, deadline);
    details.put("unit state", now.text("ActiveState") + " (" + now.text("SubState") + ")");
    details.put("invocation", now.invocation());
    group().home().ifPresent(g -> details.put("cgroup", g.toString()));
    if (byPlatform()) {
      details.put("restarts by systemd", now.text("NRestarts"));
    }
    return new PlatformStatus(
        isPaused(now) ? PlatformStatus.State.PAUSED : PlatformStatus.State.RUNNING,
        handle().pid(),
        now.text("StatusText"),
        limits(),
        details);
  }

  private List<LimitReport> limits() {
    return LimitReader.of(
        group(),
        domain.machine().isHere() && !domain.ofUser() ? "1" : domain.machine().init(),
        handle().pid().orElse(0),
        resources,
        spec.config().sandbox());
  }

  boolean isPaused(UnitState now) {
    if (domain.hierarchies().canFreeze()) {
      return now.text("FreezerState").equals("frozen");
    }
    // As the pause takes it: what waits inside the kernel, such as for a stopped child of vfork,
    // does not move either.
    List<Long> moving = new ArrayList<>(alive());
    boolean some = moving.removeIf(ProcessFiles::isStopped);
    moving.removeIf(ProcessFiles::waitsInKernel);
    return some && moving.isEmpty();
  }

  private List<Long> alive() {
    List<Long> alive = new ArrayList<>(group().processes());
    alive.removeIf(ProcessFiles::isDead);
    return alive;
  }

  public void stop(Signal stopSignal, Duration timeout) throws DaemonException {
    if (hasEnded()) {
      return;
    }
    try {
      ask(stopSignal);
    } catch (DaemonException refused) {
      if (!isEndingAnyway(refused)) {
        throw refused;
      }
    }
    if (!awaitExit(timeout)) {
      kill(Deadline.after(KILL));
    }
  }

  private void ask(Signal stopSignal) throws DaemonException {
    Deadline soon = Deadline.after(ASK);
    boolean paused = isPaused(current()) || isFrozen(soon);
    if (byPlatform()) {
      synchronized (this) {
        stopping = true;
      }
      if (stopSignal == Signal.KILL) {
        kill(Deadline.after(KILL));
        return;
      }
      if (paused) {
        release(soon);
      }
      // Its own way to stop is the only one after which systemd does not start it again.
      domain.manager().stop(unit, soon);
      return;
    }
    domain.manager().kill(unit, Whom.MAIN, stopSignal.number(), soon);
    if (paused) {
      // What is stopped cannot act on a signal.
      release(soon);
    }
  }

  private boolean isFrozen(Deadline deadline) throws DaemonException {
    return domain.hierarchies().canFreeze()
        && domain.manager().look(unit, deadline).text("FreezerState").equals("frozen");
  }

  /** Between a look and a call it may have ended; then its end is told soon. */
  private boolean isEndingAnyway(DaemonException refused) throws DaemonException {
    return refused.code().equals(ErrorCode.NOT_FOUND)
        || hasEnded()
        || domain.manager().look(unit, Deadline.after(ASK)).number("MainPID") == 0;
  }

  public void kill(Deadline deadline) throws DaemonException {
    if (hasEnded()) {
      return;
    }
    try {
      if (byPlatform()) {
        synchronized (this) {
          stopping = true;
        }
        domain.manager().stop(unit, deadline);
      }
      domain.manager().kill(unit, Whom.ALL, SIGKILL, deadline);
      if (domain.hierarchies().canFreeze() && isFrozen(deadline)) {
        domain.manager().thaw(unit, deadline);
      }
    } catch (DaemonException refused) {
      if (!isEndingAnyway(refused)) {
        throw refused;
      }
    }
    if (!awaitExit(deadline.remaining())) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          spec.name(),
          unit + " was killed and is not gone yet",
          "a process of it may wait for a device; see systemctl status " + unit);
    }
  }

  private boolean awaitExit(Duration atMost) throws DaemonException {
    CompletableFuture<ExitReason> end;
    synchronized (this) {
      end = exit;
    }
    try {
      ExitReason _ = end.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException late) {
      return false;
    } catch (InterruptedException e) {
      throw Faults.interrupted(spec.name(), "its end");
    } catch (ExecutionException gone) {
      throw new AdapterGone(SystemdAdapter.NAME, spec.name());
    }
  }

  public void pause(Deadline deadline) throws DaemonException {
    refuseEnded();
    if (domain.hierarchies().canFreeze()) {
      domain.manager().freeze(unit, deadline);
      return;
    }
    // No freezer under systemd here: the stop signal for all, until nothing moves. What waits
    // inside
    // the kernel stops before it next runs code of its own.
    boolean told = false;
    while (!told
        || alive().stream()
            .anyMatch(p -> !ProcessFiles.isStopped(p) && !ProcessFiles.waitsInKernel(p))) {
      if (deadline.hasPassed()) {
        release(Deadline.after(ASK));
        throw Faults.timeout(spec.name(), "not all of its processes would stop");
      }
      domain.manager().kill(unit, Whom.ALL, SIGSTOP, deadline);
      told = true;
    }
  }

  public void resume(Deadline deadline) throws DaemonException {
    refuseEnded();
    release(deadline);
  }

  private void release(Deadline deadline) throws DaemonException {
    if (domain.hierarchies().canFreeze()) {
      domain.manager().thaw(unit, deadline);
    } else {
      domain.manager().kill(unit, Whom.ALL, SIGCONT, deadline);
    }
  }

  public UsageSample usage() throws DaemonException {
    refuseEnded();
    return use.of(group());
  }

  /**
   * Whether it has done nothing since.
   *
   * @param known what {@link #usage} said last
   * @param buffer of {@link Use#READ} bytes
   * @param now of {@link System#nanoTime}
   */
  public boolean rests(UsageSample known, byte[] buffer, long now) {
    return !hasEnded() && use.stands(known, buffer, now);
  }

  /** Whether there is a control group's limit to be changed. */
  public boolean canUpdateLimits() {
    return !UnitSettings.limits(resources, domain.hierarchies()).isEmpty();
  }

  public List<LimitReport> updateLimits(Resources wanted, Deadline deadline)
      throws DaemonException {
    refuseEnded();
    domain.manager().set(unit, UnitSettings.limits(wanted, domain.hierarchies()), deadline);
    synchronized (this) {
      resources = wanted;
    }
    return limits();
  }

  public TraceTarget traceTarget() throws DaemonException {
    refuseEnded();
    List<Long> pids = handle().pid().stream().boxed().toList();
    return new TraceTarget(
        spec.name(), pids, group().home().map(java.nio.file.Path::toString).orElse(""));
  }

  public void destroy(Deadline deadline) throws DaemonException {
    if (!hasEnded()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, spec.name(), "is still running", "stop it first");
    }
    watch.close();
    // systemd forgets by itself what was in no file and has ended well.
    discard(!current().text("ActiveState").equals("inactive"), deadline);
  }

  /** What is left of an ended run. */
  private void discard(boolean failed, Deadline deadline) throws DaemonException {
    boolean removed = domain.installed().remove(unit, spec.instance().id());
    removed |= domain.written().remove(unit, spec.instance().id());
    if (failed || removed || !domain.manager().tells()) {
      domain.manager().forget(unit, deadline);
    }
    if (removed) {
      domain.reload(deadline);
    }
  }

  /** The start has failed: nothing of it stays. */
  void abandon(Deadline deadline) throws DaemonException {
    watch.close();
    synchronized (this) {
      if (handle != null) {
        handle.pid().ifPresent(this::removePidFile);
      }
    }
    try {
      domain.manager().stop(unit, deadline);
    } catch (DaemonException gone) {
      LOG.log(System.Logger.Level.DEBUG, "it is gone", gone);
    }
    try {
      domain.manager().kill(unit, Whom.ALL, SIGKILL, deadline);
    } catch (DaemonException gone) {
      LOG.log(System.Logger.Level.DEBUG, "nothing runs", gone);
    }
    while (!deadline.hasPassed()) {
      UnitState now = domain.manager().look(unit, deadline);
      if (!now.isLoaded() || now.isOver()) {
        break;
      }
      pause();
    }
    discard(true, deadline);
  }

  public void leave() {
    watch.close();
    CompletableFuture<ExitReason> end;
    synchronized (this) {
      left = true;
      end = exit;
    }
    use.close();
    started.completeExceptionally(new AdapterGone(SystemdAdapter.NAME, spec.name()));
    end.completeExceptionally(new AdapterGone(SystemdAdapter.NAME, spec.name()));
  }

  synchronized boolean hasLeft() {
    return left;
  }
}
