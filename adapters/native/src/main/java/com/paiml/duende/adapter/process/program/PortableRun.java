package com.paiml.duende.adapter.process.program;

import com.paiml.duende.adapter.process.DiskUsage;
import com.paiml.duende.adapter.process.Faults;
import com.paiml.duende.adapter.process.Run;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.support.program.PidFile;
import com.paiml.duende.support.program.RunMark;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One process, by what the JDK knows of it. */
final class PortableRun implements Run {
  private static final Logger LOGGER = System.getLogger(PortableRun.class.getName());
  private static final Duration KILL = Duration.ofSeconds(15);

  private final DaemonHandle handle;
  private final LaunchSpec spec;
  private final PortablePrograms host;
  private final ProcessHandle process;
  private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();
  // Descendants whose parent has gone are not found again: those that were seen are kept.
  private final Set<ProcessHandle> seen = new LinkedHashSet<>();
  private volatile boolean paused;

  PortableRun(
      DaemonHandle handle,
      LaunchSpec spec,
      PortablePrograms host,
      ProcessHandle process,
      boolean paused) {
    this.handle = handle;
    this.spec = spec;
    this.host = host;
    this.process = process;
    this.paused = paused;
  }

  /** @param code gives the exit status, where it is known */
  void begin(CompletableFuture<Optional<Integer>> code) {
    var _ = code.whenComplete((status, fault) -> mainEnded(status));
  }

  private void mainEnded(Optional<Integer> status) {
    killSeen();
    host.ended(this);
    try {
      PidFile.remove(spec.pidFile(), process.pid());
    } catch (IOException e) {
      LOGGER.log(Level.WARNING, spec.name() + ": its pid file stays: " + e.getMessage());
    }
    exit.complete(
        status
            .map(PortableRun::reason)
            .orElseGet(
                () ->
                    new ExitReason.Unknown(
                        "it was started by a JVM that is gone; only that one was told")));
  }

  /** The JDK adds 128 to the number of a signal; a program that exits with such a status looks the same. */
  static ExitReason reason(int code) {
    return code > 128 && code <= 128 + 64
        ? new ExitReason.Signalled(code - 128, false)
        : ExitReason.ofCode(code);
  }

  private synchronized List<ProcessHandle> tree() {
    try (Stream<ProcessHandle> now = process.descendants()) {
      seen.addAll(now.toList());
    }
    seen.removeIf(p -> !p.isAlive());
    return List.copyOf(seen);
  }

  /** What has left the family is known by its mark. */
  private List<ProcessHandle> withMarked() {
    Set<ProcessHandle> all = new LinkedHashSet<>(tree());
    try {
      String mark = RunMark.of(spec).value();
      MarkedProcesses.find(mark::equals).forEach(m -> all.add(m.process()));
    } catch (IOException unreadable) {
      LOGGER.log(Level.WARNING, spec.name() + ": " + unreadable.getMessage());
    }
    all.remove(process);
    all.removeIf(p -> !p.isAlive());
    return List.copyOf(all);
  }

  private void killSeen() {
    Deadline end = Deadline.after(KILL);
    while (!end.hasPassed()) {
      List<ProcessHandle> left = withMarked();
      if (left.isEmpty()) {
        return;
      }
      left.forEach(p -> p.destroyForcibly());
    }
    LOGGER.log(Level.WARNING, spec.name() + ": some of its processes do not die: " + tree());
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
    host.kill(spec.name(), signal, List.of(process), deadline);
  }

  @Override
  public void reload(DaemonConfig config, Deadline deadline) throws DaemonException {
    signal(Signal.HUP, deadline);
  }

  @Override
  public boolean isPaused() {
    return paused;
  }

  @Override
  public PlatformStatus status(Deadline deadline) {
    Map<String, String> details = new LinkedHashMap<>();
    details.put("started by", host.describe());
    details.put("log", spec.logFile() + ", rotated " + host.logs().method());
    if (hasEnded()) {
      return new PlatformStatus(
          PlatformStatus.State.ENDED, OptionalLong.empty(), "", List.of(), details);
    }
    details.put(
        "processes",
        Stream.concat(Stream.of(process), tree().stream())
            .map(p -> Long.toString(p.pid()))
            .collect(Collectors.joining(" ")));
    return new PlatformStatus(
        paused ? PlatformStatus.State.PAUSED : PlatformStatus.State.RUNNING,
        OptionalLong.of(process.pid()),
        "",
        notInForce(spec.config().resources()),
        details);
  }

  private static List<LimitReport> notInForce(Resources r) {
    String why = "this operating system offers no limits for trees of processes";
    return List.of(
        new LimitReport("resources.memory", Long.toString(r.memory()), "", "", false, why),
        new LimitReport("resources.cpu_quota", r.cpuQuota() + " %", "", "", false, why),
        new LimitReport("resources.pids", Long.toString(r.pids()), "", "", false, why),
        new LimitReport("resources.open_files", Long.toString(r.openFiles()), "", "", false, why));
  }

  @Override
  public void stop(Signal stopSignal, Duration timeout) throws DaemonException {
    if (hasEnded()) {
      return;
    }
    List<ProcessHandle> _ = tree();
    if (process.isAlive()) {
      host.kill(spec.name(), stopSignal, List.of(process), Deadline.after(KILL));
      if (paused) {
        resume(Deadline.after(KILL));
      }
    }
    if (!awaitExit(timeout)) {
      kill(Deadline.after(KILL));
    }
  }

  @Override
  public void kill(Deadline deadline) throws DaemonException {
    if (hasEnded()) {
      return;
    }
    withMarked().forEach(ProcessHandle::destroyForcibly);
    boolean _ = process.destroyForcibly();
    if (!awaitExit(deadline.remaining())) {
      throw Faults.timeout(spec.name(), "pid " + process.pid() + " was killed and is not gone");
    }
  }

  private boolean awaitExit(Duration atMost) throws DaemonException {
    try {
      var _ = exit.get(atMost.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException late) {
      return false;
    } catch (InterruptedException e) {
      throw Faults.interrupted(spec.name(), "its end");
    } catch (ExecutionException gone) {
      throw new AdapterGone(handle.platform(), spec.name());
    }
  }

  @Override
  public void pause(Deadline deadline) throws DaemonException {
    refuseEnded();
    host.kill(spec.name(), Signal.STOP, all(), deadline);
    // Those that were forked while the others were being stopped.
    host.kill(spec.name(), Signal.STOP, all(), deadline);
    paused = true;
  }

  @Override
  public void resume(Deadline deadline) throws DaemonException {
    refuseEnded();
    host.kill(spec.name(), Signal.CONT, all(), deadline);
    paused = false;
  }

  private List<ProcessHandle> all() {
    return Stream.concat(Stream.of(process), tree().stream()).toList();
  }

  @Override
  public UsageSample usage(Deadline deadline) throws DaemonException {
    refuseEnded();
    List<ProcessHandle> all = all();
    long cpu =
        all.stream()
            .mapToLong(p -> p.info().totalCpuDuration().map(Duration::toNanos).orElse(0L))
            .sum();
    long unknown = UsageSample.UNKNOWN;
    return new UsageSample(
        Instant.now(),
        cpu,
        unknown,
        all.size(),
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        DiskUsage.of(spec, host.logs(), deadline),
        unknown);
  }

  @Override
  public List<LimitReport> updateLimits(Resources resources, Deadline deadline)
      throws DaemonException {
    throw new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        spec.name(),
        "this operating system offers no limits for programs",
        "use platform \"container\"");
  }

  @Override
  public ExecResult exec(List<String> command, Deadline deadline) throws DaemonException {
    refuseEnded();
    return host.exec(spec, command, deadline);
  }

  @Override
  public TraceTarget traceTarget(Deadline deadline) throws DaemonException {
    throw new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        spec.name(),
        "programs are traced on Linux only",
        "see \"duende adapters\" for what it can do");
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
    exit.completeExceptionally(new AdapterGone(handle.platform(), spec.name()));
  }

  @Override
  public Optional<Daemon> daemon() {
    return Optional.empty();
  }
}
