package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Frame;
import com.paiml.duende.adapter.pepita.channel.Guest;
import com.paiml.duende.adapter.pepita.channel.GuestEvents;
import com.paiml.duende.adapter.pepita.channel.GuestState;
import com.paiml.duende.adapter.pepita.channel.GuestStream;
import com.paiml.duende.adapter.pepita.channel.Kind;
import com.paiml.duende.adapter.pepita.channel.Secret;
import com.paiml.duende.adapter.pepita.log.Delivery;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.SavedState;
import com.paiml.duende.adapter.pepita.monitor.VmPlan;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.RelayedEvents;
import com.paiml.duende.support.log.RotatedLog;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One machine with its one program. Ended when its monitor is: then with what the guest said before, or, where it said
 * nothing, with the monitor's last words. Safe for several threads.
 */
final class VmRun implements GuestEvents {
  private static final Logger LOGGER = System.getLogger(VmRun.class.getName());

  /** A guest that has told its end has so long to power itself off. */
  private static final Duration POWER_OFF = Duration.ofSeconds(5);

  private static final Duration NEXT_TRY = Duration.ofMillis(500);
  private static final Duration SHORT = Duration.ofSeconds(10);
  private static final int LAST_WORDS = 500;
  private static final int KEPT_OUTPUT = 4096;

  final LaunchSpec spec;
  final DaemonHandle handle;
  final VmPlan plan;
  final Monitor monitor;
  private final Engine engine;
  private final RelayedEvents events;
  private final Secret secret;
  private final Pidfd process;
  private final Optional<Pidfd> companion;
  private final RotatedLog log;
  private final Delivery delivery;
  private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();
  private final CompletableFuture<ExitReason> ended = new CompletableFuture<>();
  private final AtomicBoolean logLeft = new AtomicBoolean();
  private volatile Resources limits;
  private volatile @Nullable Watch watch;
  private volatile @Nullable Guest guest;
  private volatile Monitor.@Nullable Control control;
  private volatile Console console = Console.none();
  private volatile @Nullable ExitReason told;
  private volatile @Nullable ExitReason violation;
  private volatile boolean killed;
  private volatile boolean left;
  private volatile boolean begun;
  private volatile boolean over;
  private volatile boolean paused;
  private final AtomicBoolean held = new AtomicBoolean();
  private volatile String statusText = "";
  private volatile String files = "";

  VmRun(
      Engine engine,
      LaunchSpec spec,
      DaemonHandle handle,
      VmPlan plan,
      Monitor monitor,
      AdapterEvents events,
      Secret secret,
      Pidfd process,
      Optional<Pidfd> companion,
      RotatedLog log,
      Delivery delivery,
      Resources limits) {
    this.engine = engine;
    this.spec = spec;
    this.handle = handle;
    this.plan = plan;
    this.monitor = monitor;
    this.events = new RelayedEvents(events);
    this.secret = secret;
    this.process = process;
    this.companion = companion;
    this.log = log;
    this.delivery = delivery;
    this.limits = limits;
  }

  CompletableFuture<ExitReason> exit() {
    return exit;
  }

  RotatedLog log() {
    return log;
  }

  Console console() {
    return console;
  }

  String statusText() {
    return statusText;
  }

  /** Of the files that were sent in, in words; empty where there are none, or an earlier container sent them. */
  String files() {
    return files;
  }

  void filesCame(String how) {
    files = how;
  }

  /** From now on these are told of it. */
  void tell(AdapterEvents next) {
    events.tell(next);
  }

  boolean hasEnded() {
    return ended.isDone();
  }

  boolean isPaused() {
    return paused;
  }

  // --- beginnings ------------------------------------------------------------------------------

  /** Begins to watch the monitor's process. */
  void watch() throws LinuxException {
    watch = engine.processes.onExit(engine.loop, process, status -> soon(() -> over(status)));
  }

  private void soon(Runnable task) {
    try {
      engine.later.execute(task);
    } catch (RejectedExecutionException e) {
      LOGGER.log(Level.DEBUG, "the adapter has been stopped", e);
    }
  }

  /** Takes up the monitor's orders socket and the console, as soon as they are there. */
  void attach(Deadline deadline) throws DaemonException {
    while (true) {
      refuseEnded();
      try {
        Monitor.Control made = monitor.attach(plan.folder(), spec.name(), engine.sockets, deadline);
        control = made;
        if (monitor.hasConsole()) {
          console = Console.connect(engine.sockets, plan.console());
        }
        return;
      } catch (DaemonException | IOException e) {
        waitForMonitor(e, deadline);
      }
    }
  }

  private void waitForMonitor(Exception why, Deadline deadline) throws DaemonException {
    if (deadline.hasPassed()) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          spec.name(),
          "its monitor does not listen: " + why.getMessage(),
          "see " + plan.folder().resolve("monitor.log"),
          why);
    }
    // Its process is being watched: this ends at once when it does.
    if (awaitEnd(deadline.orAfter(Duration.ofMillis(3)))) {
      refuseEnded();
    }
  }

  private void refuseEnded() throws DaemonException {
    if (ended.isDone()) {
      throw new DaemonException(
          ErrorCode.SPAWN, spec.name(), ended.join().describe(), "see the words of its monitor");
    }
  }

  /** Begins a session with the guest; it goes on when the guest answers. */
  Guest connect(Deadline deadline) throws DaemonException {
    while (true) {
      refuseEnded();
      try {
        Guest made =
            Guest.connect(engine.sockets, monitor.address(plan), spec.name(), secret, this);
        guest = made;
        return made;
      } catch (IOException e) {
        waitForMonitor(e, deadline);
      }
    }
  }

  /** Waits for the guest, though its session may be cut off while it boots, and prepares and starts its program. */
  Guest open(Deadline deadline) throws DaemonException {
    while (true) {
      Guest made = connect(deadline);
      try {
        GuestState _ = made.opened(deadline);
        return made;
      } catch (DaemonException e) {
        if (!e.code().equals(ErrorCode.IO) || deadline.hasPassed()) {
          throw orLastWords(e);
        }
        waitForMonitor(e, deadline);
      }
    }
  }

  /** What has gone wrong with the guest, or, when the whole machine is gone with it, that. */
  DaemonException orLastWords(DaemonException e) {
    if (e.code().equals(ErrorCode.IO)) {
      boolean gone = awaitEndQuietly(Deadline.after(Duration.ofSeconds(2)));
      if (gone) {
        return new DaemonException(
            ErrorCode.SPAWN,
            spec.name(),
            ended.join().describe(),
            "see its memory, kernel and root file system",
            e);
      }
    }
    if (e.code().equals(ErrorCode.TIMEOUT) && !console.lastWords().isEmpty()) {
      return new DaemonException(
          ErrorCode.TIMEOUT,
          spec.name(),
          e.problem() + "; its console ends with: " + shorten(console.lastWords()),
          "see its memory, kernel and root file system",
          e);
    }
    return e;
  }

  /** From now on a session that is cut off is begun again by itself; until then whoever starts or recovers it does so. */
  void begun() {
    begun = true;
    Guest now = guest;
    if (now != null && now.isOver()) {
      ended("it ended before");
    }
  }

  private Guest session(Deadline deadline) throws DaemonException {
    while (true) {
      Guest now = guest;
      if (hasEnded() || told != null) {
        throw new DaemonException(
            ErrorCode.INVALID_STATE, spec.name(), "has ended", "start it first");
      }
      if (now != null && (!now.isOver() || now.isOpen())) {
        GuestState _ = now.opened(deadline);
        return now;
      }
      if (deadline.hasPassed() || left) {
        throw left
            ? new AdapterGone(PepitaAdapter.NAME, spec.name())
            : new DaemonException(
                ErrorCode.TIMEOUT, spec.name(), "its guest cannot be reached", "see its console");
      }
      boolean _ = awaitEnd(deadline.orAfter(Duration.ofMillis(20)));
    }
  }

  // --- what the guest says ----------------------------------------------------------------------

  @Override
  public long logPosition() {
    return delivery.position();
  }

  @Override
  public boolean log(long position, byte[] bytes) {
    try {
      if (delivery.take(position, bytes)) {
        return true;
      }
      violated("log from " + position + ", and it has sent up to " + delivery.position());
      return false;
    } catch (IOException e) {
      LOGGER.log(
          Level.WARNING, spec.name() + ": its log cannot be written, it waits: " + e.getMessage());
      events.alert("log", "cannot be written: " + e.getMessage());
      return false;
    }
  }

  @Override
  public void exited(ExitReason reason) {
    if (told == null) {
      told = killed ? new ExitReason.Signalled(Signal.KILL.number(), false) : reason;
      if (reason instanceof ExitReason.ResourceExhausted r) {
        events.alert(r.resource(), r.detail());
      }
    }
    Guest now = guest;
    if (now != null) {
      now.powerOff();
    }
    try {
      var _ = engine.later.schedule(this::killMonitor, POWER_OFF.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOGGER.log(Level.DEBUG, "the adapter has been stopped", e);
    }
  }

  @Override
  public void notified(String text) {
    for (String line : text.split("\n", -1)) {
      if (line.equals("READY=1")) {
        events.ready();
      } else if (line.equals("WATCHDOG=1")) {
        events.heartbeat();
      } else if (line.startsWith("STATUS=")) {
        statusText = line.substring("STATUS=".length());
        events.statusText(statusText);
      }
    }
  }

  @Override
  public void violated(String how) {
    if (violation == null) {
      violation = new ExitReason.PolicyViolation("channel", "its guest broke the rules: " + how);
      LOGGER.log(Level.WARNING, spec.name() + ": its guest broke the rules of the channel: " + how);
    }
    killMonitor();
  }

  @Override
  public void ended(String why) {
    if (!begun || left || hasEnded() || told != null) {
      return;
    }
    try {
      var _ = engine.later.schedule(this::tryAgain, NEXT_TRY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOGGER.log(Level.DEBUG, "the adapter has been stopped", e);
    }
  }

  private void tryAgain() {
    Guest now = guest;
    if (left || hasEnded() || told != null || (now != null && !now.isOver())) {
      return;
    }
    try {
      Guest _ = connect(Deadline.after(Duration.ZERO));
    } catch (DaemonException e) {
      ended(e.problem());
    }
  }

  // --- its end ----------------------------------------------------------------------------------

  private void killMonitor() {
    if (over) {
      return;
    }
    try {
      boolean _ = process.sendSignal(Signal.KILL.number());
    } catch (LinuxException e) {
      LOGGER.log(Level.WARNING, spec.name() + ": " + e.getMessage());
    }
  }

  private void over(ExitStatus status) {
    ExitReason said = told;
    ExitReason broken = violation;
    ExitReason reason;
    if (broken != null) {
      reason = broken;
    } else if (said != null) {
      reason = said;
    } else if (killed) {
      reason = new ExitReason.Signalled(Signal.KILL.number(), false);
    } else {
      reason = new ExitReason.HostLost(lastWords(status));
    }
    over = true;
    endCompanion();
    closeAll();
    if (!left) {
      boolean _ = ended.complete(reason);
      boolean _ = exit.complete(reason);
    }
  }

  /** It has nobody left to serve. */
  private void endCompanion() {
    if (companion.isEmpty()) {
      return;
    }
    try {
      Pidfd c = companion.get();
      boolean _ = c.sendSignal(Signal.KILL.number());
      boolean _ = c.awaitEnd(SHORT);
      Optional<ExitStatus> _ = c.reap();
    } catch (LinuxException e) {
      // Of an earlier container's child another reaps what is left.
      LOGGER.log(Level.DEBUG, spec.name() + ": " + e.getMessage(), e);
    }
  }

  private String lastWords(ExitStatus status) {
    StringBuilder words = new StringBuilder("its monitor ").append(monitor.word());
    switch (status) {
      case ExitStatus.Exited e -> words.append(" ended with status ").append(e.code());
      case ExitStatus.Signaled s -> words.append(" was killed by signal ").append(s.signal());
      case ExitStatus.Unknown _ -> words.append(" is gone");
    }
    String own = "";
    try {
      own = Files.readString(plan.folder().resolve("monitor.log"), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      LOGGER.log(Level.DEBUG, "no words of a monitor", e);
    }
    for (String more : List.of(own, console.lastWords())) {
      if (!more.isEmpty()) {
        words.append("; ").append(shorten(more));
      }
    }
    return words.toString();
  }

  private static String shorten(String text) {
    String line = Guest.printable(text).replace("\n", " / ");
    return line.length() > LAST_WORDS ? "…" + line.substring(line.length() - LAST_WORDS) : line;
  }

  private void closeAll() {
    Watch w = watch;
    if (w != null) {
      w.close();
    }
    Guest g = guest;
    if (g != null) {
      g.close();
    }
    Monitor.Control c = control;
    if (c != null) {
      c.close();
    }
    console.close();
    companion.ifPresent(Pidfd::close);
    process.close();
  }

  /** Lets go: the machine goes on without this container. */
  void leave() {
    left = true;
    AdapterGone gone = new AdapterGone(PepitaAdapter.NAME, spec.name());
    boolean wasOpen = ended.completeExceptionally(gone);
    boolean _ = exit.completeExceptionally(gone);
    if (wasOpen) {
      over = true;
      closeAll();
    }
    leaveLog();
  }

  void leaveLog() {
    if (logLeft.compareAndSet(false, true)) {
      try {
        engine.logs.leave(log);
      } catch (IOException e) {
        LOGGER.log(Level.WARNING, log.file() + ": " + e.getMessage());
      }
    }
  }

  /** @return whether it ended within the time */
  boolean awaitEnd(Deadline deadline) throws DaemonException {
    try {
      ExitReason reason =
          ended.get(Math.max(1, deadline.remaining().toNanos()), TimeUnit.NANOSECONDS);
      return !reason.describe().isEmpty();
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, spec.name(), "waiting for its end was interrupted", "ask again", e);
    } catch (CancellationException | ExecutionException e) {
      if (e.getCause() instanceof DaemonException gone) {
        throw gone;
      }
      throw new DaemonException(
          ErrorCode.INTERNAL, spec.name(), "its end cannot be told: " + e, "", e);
    }
  }

  private boolean awaitEndQuietly(Deadline deadline) {
    try {
      return awaitEnd(deadline);
    } catch (DaemonException e) {
      return false;
    }
  }

  // --- orders -----------------------------------------------------------------------------------

  void signal(Signal signal, Deadline deadline) throws DaemonException {
    session(deadline).send(Kind.SIGNAL, Frame.Body.of(1).u8(signal.number()).end(), deadline);
  }

  private Monitor.Control control() throws DaemonException {
    Monitor.Control c = control;
    if (c == null || hasEnded() || told != null) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, spec.name(), "has ended", "start it first");
    }
    return c;
  }

  void pause(Deadline deadline) throws DaemonException {
    control().pause(deadline);
    paused = true;
  }

  void resume(Deadline deadline) throws DaemonException {
    control().resume(deadline);
    paused = false;
    goOn();
  }

  // --- snapshots --------------------------------------------------------------------------------

  Secret secret() {
    return secret;
  }

  String monitorVersion(Deadline deadline) throws DaemonException {
    return control().exactVersion(deadline);
  }

  /** Lets its program stand still, so that it does in what is saved next. Follow it with {@link #goOn}. */
  void hold(Deadline deadline) throws DaemonException {
    if (paused) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          spec.name(),
          "is paused: its guest cannot prepare itself for a snapshot",
          "resume it first: duende resume " + spec.name());
    }
    if (!held.compareAndSet(false, true)) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          spec.name(),
          "a snapshot of it is being taken already",
          "wait for that one");
    }
    try {
      session(deadline).hold(deadline.orAfter(SHORT));
    } catch (DaemonException e) {
      goOn();
      throw e;
    }
  }

  /** After it has stood still, for whatever reason: its clock is set, and its program goes on. */
  void goOn() {
    held.set(false);
    try {
      Deadline deadline = Deadline.after(SHORT);
      session(deadline).goOn(deadline);
    } catch (DaemonException e) {
      LOGGER.log(Level.DEBUG, spec.name() + ": its clock is not set: " + e.getMessage(), e);
    }
  }

  /** Writes the state of the paused machine to a new file. */
  SavedState save(Path file, Deadline deadline) throws DaemonException {
    return control().save(plan, file, deadline);
  }

  /** Gives a monitor that waits for it the state of its machine, and lets that go on. */
  void load(Path file, Deadline deadline) throws DaemonException {
    control().load(plan, file, deadline);
    while (!control().isLoaded(deadline)) {
      if (deadline.hasPassed()) {
        throw new DaemonException(
            ErrorCode.TIMEOUT,
            spec.name(),
            "its monitor has not taken up its state in time",
            "see " + plan.folder().resolve("monitor.log"));
      }
      if (awaitEnd(deadline.orAfter(Duration.ofMillis(3)))) {
        refuseEnded();
      }
    }
    control().resume(deadline);
  }

  /** It was ready when its snapshot was taken, and does not say so again. */
  void wasReady() {
    Readiness.Type type = spec.config().readiness().type();
    if (type == Readiness.Type.NOTIFY || type == Readiness.Type.FD) {
      events.ready();
    }
  }

  /** Asks the monitor. */
  void lookWhetherPaused(Deadline deadline) throws DaemonException {
    paused = control().isPaused(deadline);
  }

  void stop(Signal signal, Duration timeout) throws DaemonException {
    Deadline deadline = Deadline.after(timeout);
    if (hasEnded()) {
      return;
    }
    if (!timeout.isZero()) {
      askToStop(signal, deadline);
    }
    if (!awaitEnd(deadline)) {
      kill(Deadline.after(Duration.ofSeconds(30)));
    }
  }

  private void askToStop(Signal signal, Deadline deadline) throws DaemonException {
    try {
      if (paused) {
        resume(deadline.orAfter(SHORT));
      }
      signal(signal, deadline);
    } catch (AdapterGone e) {
      throw e;
    } catch (DaemonException e) {
      // It cannot be asked: it ends by itself meanwhile, or is killed when the time is up.
      LOGGER.log(Level.DEBUG, spec.name() + ": " + e.getMessage(), e);
    }
  }

  void kill(Deadline deadline) throws DaemonException {
    if (hasEnded()) {
      return;
    }
    killed = true;
    killMonitor();
    if (!awaitEnd(deadline)) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          spec.name(),
          "its monitor " + handle.pid().orElse(0) + " was killed and is not gone yet",
          "ask again");
    }
  }

  List<LimitReport> limits(Deadline deadline) throws DaemonException {
    return withDisks(
        limits,
        GuestLimits.reports(limits, askLimits(limits, false, deadline), plan.memory()),
        deadline);
  }

  private List<LimitReport> withDisks(Resources asked, List<LimitReport> ofGuest, Deadline deadline)
      throws DaemonException {
    List<LimitReport> all = new ArrayList<>(ofGuest);
    all.addAll(DiskLimits.reports(asked, disks(), monitor.word(), control().diskRate(deadline)));
    return all;
  }

  private int disks() {
    return Integer.parseInt(handle.get(Machines.DISKS).orElse("0"));
  }

  List<LimitReport> updateLimits(Resources wanted, Deadline deadline) throws DaemonException {
    List<LimitReport> ofGuest =
        GuestLimits.reports(wanted, askLimits(wanted, true, deadline), plan.memory());
    if (!DiskLimits.asked(wanted).equals(DiskLimits.asked(limits)) || !begun) {
      boolean _ = control().limitDisks(disks(), DiskLimits.asked(wanted), deadline);
    }
    limits = wanted;
    List<LimitReport> reports = withDisks(wanted, ofGuest, deadline);
    return reports;
  }

  private String askLimits(Resources r, boolean set, Deadline deadline) throws DaemonException {
    ByteBuffer answer = session(deadline).ask(Kind.LIMITS, GuestLimits.lines(r, set), deadline);
    return StandardCharsets.UTF_8.decode(answer).toString();
  }

  ByteBuffer usage(Deadline deadline) throws DaemonException {
    return session(deadline).ask(Kind.USAGE, "", deadline);
  }

  ExecResult exec(List<String> command, Deadline deadline) throws DaemonException {
    Deadline patience = Deadline.after(deadline.remaining().plus(SHORT));
    Guest now = session(patience);
    int number = now.number();
    CompletableFuture<ByteBuffer> answer = now.expect(number);
    StringBuilder words = new StringBuilder();
    command.forEach(w -> words.append(w).append('\0'));
    byte[] bytes = words.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > Frame.LONGEST - 8) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION, spec.name(), "the command is too long", "put it in a file");
    }
    now.send(Kind.EXEC, Frame.Body.of(4 + bytes.length).u32(number).bytes(bytes).end(), patience);
    boolean timedOut = false;
    try {
      ByteBuffer _ = answer.get(Math.max(1, deadline.remaining().toNanos()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      timedOut = true;
      now.send(Kind.EXEC_KILL, Frame.Body.of(4).u32(number).end(), patience);
    } catch (ExecutionException e) {
      LOGGER.log(Level.DEBUG, "told below", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      now.send(Kind.EXEC_KILL, Frame.Body.of(4).u32(number).end(), patience);
      timedOut = true;
    }
    ByteBuffer done = now.await(answer, "did not end a command", Deadline.after(SHORT.plus(SHORT)));
    int code = done.getInt();
    String output = StandardCharsets.UTF_8.decode(done).toString();
    return new ExecResult(
        code, timedOut, output.length() > KEPT_OUTPUT ? output.substring(0, KEPT_OUTPUT) : output);
  }

  GuestStream stream(String path, Deadline deadline) throws DaemonException {
    return session(deadline).stream(path, deadline);
  }

  byte[] echo(byte[] bytes, Deadline deadline) throws DaemonException {
    return session(deadline).echo(bytes, deadline);
  }

  /** Makes the machine, where starting its monitor has not. */
  void boot(Deadline deadline) throws DaemonException {
    control().boot(plan, deadline);
  }

  Path folder() {
    return plan.folder();
  }
}
