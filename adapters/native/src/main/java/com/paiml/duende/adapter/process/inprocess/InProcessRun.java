package com.paiml.duende.adapter.process.inprocess;

import com.paiml.duende.adapter.process.Faults;
import com.paiml.duende.adapter.process.NativeTable;
import com.paiml.duende.adapter.process.Run;
import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.UsageSample;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One life of a daemon object on a thread of its own. */
final class InProcessRun implements Run {
  /** What an interrupted thread has to return, after its timeout. */
  static final Duration GRACE = Duration.ofSeconds(1);

  private enum Phase {
    INIT,
    RUNNING,
    /** Its start was given up before {@code init} returned. */
    GIVEN_UP,
    ENDED
  }

  private final DaemonHandle handle;
  private final LaunchSpec spec;
  private final Daemon daemon;
  private final InProcessRuns host;
  private final DaemonOutput output;
  private final RunContext context;
  private final Thread thread;
  private final Instant began = Instant.now();
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.INIT);
  private final CountDownLatch initReturned = new CountDownLatch(1);
  private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();
  private final AtomicInteger reloads = new AtomicInteger();
  private volatile @Nullable Throwable initFault;
  // nanoTime by which run and shutdown have to be done; set once somebody asks for the end.
  private volatile @Nullable Deadline shutdownBy;
  private volatile long askedAt;

  InProcessRun(
      DaemonHandle handle,
      LaunchSpec spec,
      Daemon daemon,
      AdapterEvents events,
      InProcessRuns host,
      DaemonOutput output) {
    this.handle = handle;
    this.spec = spec;
    this.daemon = daemon;
    this.host = host;
    this.output = output;
    this.context =
        new RunContext(
            spec, events, host.timer(), output, () -> askToEnd(spec.config().shutdownTimeout()));
    String name = "duende-" + spec.name();
    this.thread =
        NativeTable.of(spec.table()).platformThread()
            ? Thread.ofPlatform().daemon().name(name).unstarted(this::live)
            : Thread.ofVirtual().name(name).unstarted(this::live);
  }

  /** Starts it and waits until {@code init} has returned. */
  void start(Deadline deadline) throws DaemonException {
    thread.start();
    try {
      if (!initReturned.await(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS)
          && phase.compareAndSet(Phase.INIT, Phase.GIVEN_UP)) {
        context.shutDown();
        thread.interrupt();
        boolean returned = initReturned.await(GRACE.toNanos(), TimeUnit.NANOSECONDS);
        throw new DaemonException(
            ErrorCode.TIMEOUT,
            spec.name(),
            "its init did not return in time"
                + (returned ? "" : " and ignores interruption; it is not started again meanwhile"),
            "see its log");
      }
    } catch (InterruptedException e) {
      if (phase.compareAndSet(Phase.INIT, Phase.GIVEN_UP)) {
        context.shutDown();
        thread.interrupt();
        throw Faults.interrupted(spec.name(), "its init");
      }
      Thread.currentThread().interrupt();
    }
    Throwable fault = initFault;
    if (fault != null) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "its init failed: " + describe(fault),
          "see its log for where",
          fault);
    }
  }

  private void live() {
    try (StandardStreams.Bound _ = host.streams().bind(output)) {
      liveBound();
    } finally {
      output.writer().close();
      host.ended(this);
    }
  }

  private void liveBound() {
    try {
      try {
        daemon.init(spec.config());
      } catch (Throwable fault) {
        // Code of others: whatever it throws is its own failure and nobody else's.
        initFault = fault;
        trace("init failed", fault);
        phase.set(Phase.ENDED);
        return;
      }
      if (!phase.compareAndSet(Phase.INIT, Phase.RUNNING)) {
        shutDownObject();
        return;
      }
      initReturned.countDown();
      ExitReason reason = runObject();
      shutDownObject();
      phase.set(Phase.ENDED);
      output.writer().endLine();
      exit.complete(reason);
    } finally {
      phase.set(Phase.ENDED);
      initReturned.countDown();
    }
  }

  private ExitReason runObject() {
    try {
      ExitReason reason = daemon.run(context);
      return reason == null ? new ExitReason.Failure(1, "its run returned no exit reason") : reason;
    } catch (OutOfMemoryError e) {
      return new ExitReason.ResourceExhausted("memory", String.valueOf(e.getMessage()));
    } catch (Throwable fault) {
      trace("run failed", fault);
      return new ExitReason.Failure(1, describe(fault));
    } finally {
      // An end by itself is bound by the same timeout as one that was asked for.
      askToEnd(spec.config().shutdownTimeout());
      // An interrupt was meant for run.
      var _ = Thread.interrupted();
    }
  }

  private void shutDownObject() {
    Deadline by = shutdownBy;
    try {
      daemon.shutdown(by == null ? Duration.ZERO : by.remaining());
    } catch (Throwable fault) {
      trace("shutdown failed", fault);
    }
  }

  private static String describe(Throwable fault) {
    String message = fault.getMessage();
    String type = fault.getClass().getSimpleName();
    return message == null || message.isBlank() ? type : type + ": " + message;
  }

  private void trace(String what, Throwable fault) {
    PrintStream to = output.stream();
    output.writer().say(what);
    fault.printStackTrace(to);
    to.flush();
  }

  /** Raises the flag, once; an earlier deadline than one already set replaces it. */
  private void askToEnd(Duration timeout) {
    Deadline wanted = Deadline.after(timeout);
    Deadline by;
    boolean sooner;
    synchronized (this) {
      Deadline before = shutdownBy;
      if (before == null) {
        askedAt = System.nanoTime();
      }
      sooner = before == null || wanted.nanoTime() - before.nanoTime() < 0;
      by = sooner || before == null ? wanted : before;
      shutdownBy = by;
    }
    context.shutDown();
    if (sooner) {
      host.enforce(this, by);
    }
  }

  void interrupt() {
    thread.interrupt();
  }

  /** Gives it up: it counts as ended, and may go on. */
  void abandon() {
    if (exit.isDone()) {
      return;
    }
    // Before its exit is told: whoever hears of that may start the name again at once.
    host.abandoned(this);
    if (exit.complete(new ExitReason.Abandoned(Duration.ofNanos(System.nanoTime() - askedAt)))) {
      output.writer().say("abandoned: it ignores its shutdown and interruption");
    }
  }

  boolean isStuckInInit() {
    return initReturned.getCount() > 0;
  }

  /** Whether its code may still be running. */
  boolean isAlive() {
    return thread.isAlive();
  }

  @Override
  public DaemonHandle handle() {
    return handle;
  }

  @Override
  public LaunchSpec spec() {
    return spec;
  }

  @Override
  public CompletionStage<ExitReason> exit() {
    return exit;
  }

  @Override
  public boolean hasEnded() {
    return exit.isDone();
  }

  private void refuseEnded() throws DaemonException {
    if (hasEnded()) {
      throw Faults.ended(spec.name());
    }
  }

  @Override
  public void signal(Signal signal, Deadline deadline) throws DaemonException {
    refuseEnded();
    switch (signal) {
      case KILL -> throw Faults.inProcess(spec.name(), "killed");
      case STOP -> throw Faults.inProcess(spec.name(), "paused");
      case HUP -> reload(context.config(), deadline);
      case TERM, INT, QUIT -> {
        context.deliver(signal);
        askToEnd(spec.config().shutdownTimeout());
      }
      case USR1, USR2, CONT -> context.deliver(signal);
    }
  }

  @Override
  public void reload(DaemonConfig config, Deadline deadline) throws DaemonException {
    refuseEnded();
    context.configure(config);
    context.deliver(Signal.HUP);
    // One thread calls back, for as long as reloads come; of many at once it sees the last.
    if (!context.reloadListeners().isEmpty() && reloads.getAndIncrement() == 0) {
      var _ = Thread.ofVirtual().name("duende-" + spec.name() + "-reload").start(this::callBack);
    }
  }

  private void callBack() {
    try (StandardStreams.Bound _ = host.streams().bind(output)) {
      callBackBound();
    }
  }

  private void callBackBound() {
    int seen;
    do {
      seen = reloads.get();
      DaemonConfig now = context.config();
      for (Consumer<DaemonConfig> listener : context.reloadListeners()) {
        try {
          listener.accept(now);
        } catch (Throwable fault) {
          trace("reload failed", fault);
        }
      }
    } while (!reloads.compareAndSet(seen, 0));
  }

  /** Code in this JVM cannot be. */
  @Override
  public boolean isPaused() {
    return false;
  }

  @Override
  public PlatformStatus status(Deadline deadline) {
    Map<String, String> details = new LinkedHashMap<>();
    details.put("class", daemon.getClass().getName());
    details.put("thread", (thread.isVirtual() ? "virtual, " : "platform, ") + stateOfThread());
    details.put("started", began.toString());
    details.put("log", spec.logFile().toString());
    return new PlatformStatus(
        hasEnded() ? PlatformStatus.State.ENDED : PlatformStatus.State.RUNNING,
        OptionalLong.empty(),
        context.statusText(),
        List.of(),
        details);
  }

  private String stateOfThread() {
    return hasEnded() && isAlive()
        ? "abandoned, still running"
        : thread.getState().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
  }

  @Override
  public void stop(Signal stopSignal, Duration timeout) throws DaemonException {
    if (hasEnded()) {
      return;
    }
    context.deliver(stopSignal);
    askToEnd(timeout);
    // The guard interrupts after the timeout and abandons after the grace; the rest is for a
    // machine that is slow.
    awaitExit(timeout.plus(GRACE).plusSeconds(5));
  }

  @Override
  public void kill(Deadline deadline) throws DaemonException {
    if (hasEnded()) {
      return;
    }
    askToEnd(Duration.ZERO);
    interrupt();
    awaitExit(GRACE.plusSeconds(5));
  }

  private void awaitExit(Duration atMost) throws DaemonException {
    try {
      var _ = exit.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      abandon();
    } catch (InterruptedException e) {
      throw Faults.interrupted(spec.name(), "its shutdown");
    } catch (ExecutionException gone) {
      throw new com.paiml.duende.api.AdapterGone(handle.platform(), spec.name());
    }
  }

  @Override
  public void pause(Deadline deadline) throws DaemonException {
    throw Faults.inProcess(spec.name(), "paused");
  }

  @Override
  public void resume(Deadline deadline) throws DaemonException {
    throw Faults.inProcess(spec.name(), "resumed");
  }

  @Override
  public UsageSample usage(Deadline deadline) throws DaemonException {
    long unknown = UsageSample.UNKNOWN;
    return new UsageSample(
        Instant.now(),
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        host.diskBytes(spec, deadline),
        unknown);
  }

  @Override
  public List<LimitReport> updateLimits(Resources resources, Deadline deadline)
      throws DaemonException {
    throw Faults.inProcess(spec.name(), "limited");
  }

  @Override
  public ExecResult exec(List<String> command, Deadline deadline) throws DaemonException {
    throw new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        spec.name(),
        "commands do not run beside code inside the container's JVM",
        "use its own health check");
  }

  @Override
  public TraceTarget traceTarget(Deadline deadline) throws DaemonException {
    throw Faults.inProcess(spec.name(), "traced apart from the container");
  }

  @Override
  public void destroy(Deadline deadline) throws DaemonException {
    if (!hasEnded()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, spec.name(), "is still running", "stop it first");
    }
  }

  @Override
  public void leave() {
    if (!hasEnded()) {
      context.deliver(spec.config().stopSignal());
      askToEnd(spec.config().shutdownTimeout());
      try {
        awaitExit(spec.config().shutdownTimeout().plus(GRACE).plusSeconds(5));
      } catch (DaemonException interrupted) {
        output.writer().say("its shutdown was not waited for: " + interrupted.getMessage());
      }
    }
  }

  @Override
  public Optional<Daemon> daemon() {
    return phase.get() == Phase.RUNNING ? Optional.of(daemon) : Optional.empty();
  }
}
