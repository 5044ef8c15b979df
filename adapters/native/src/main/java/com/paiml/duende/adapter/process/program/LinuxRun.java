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
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.Resource;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.PreparedStart;
import com.paiml.duende.linux.process.ProcessIdentity;
import com.paiml.duende.linux.process.SuccessionWatch;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.support.program.RunMark;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One process and everything that it has started. */
final class LinuxRun implements Run {
  private static final Logger LOGGER = System.getLogger(LinuxRun.class.getName());
  static final int SIGKILL = 9;
  private static final int SIGCONT = 18;
  private static final int SIGSTOP = 19;
  private static final int SIGSYS = 31;

  /** For the kill that follows a stop; what takes longer waits for a device. */
  private static final Duration KILL = Duration.ofSeconds(15);

  private final DaemonHandle handle;
  private final LaunchSpec spec;
  private final AdapterEvents events;
  private final LinuxPrograms host;
  private final Pidfd process;
  private final ProcessIdentity identity;
  private final RunMark mark;
  private final Optional<NotifyListener> notifications;
  private final Optional<LimitGroup> group;
  private final long killsBefore;
  private final long cpuBefore;
  private final boolean isOurs;
  private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();
  // Processor time of members that ended is gone with them; a sum that fell would look like time
  // running backwards.
  private final AtomicLong mostCpuNanos = new AtomicLong();
  private volatile Optional<ReadyPipe> readyPipe = Optional.empty();
  private volatile Optional<ExitStatus> ended = Optional.empty();
  private volatile Optional<SuccessionWatch> watch = Optional.empty();
  private final AtomicBoolean memoryTold = new AtomicBoolean();
  // One object: who listens is told apart by it.
  private final Runnable memoryRanOut = this::tellKills;
  // What its end starts.
  private final Object succession = new Object();
  private @Nullable LaunchSpec next;
  private @Nullable Heir heir;
  private boolean isLast;
  private volatile Resources resources;
  private volatile boolean paused;

  LinuxRun(
      DaemonHandle handle,
      LaunchSpec spec,
      AdapterEvents events,
      LinuxPrograms host,
      Pidfd process,
      ProcessIdentity identity,
      Optional<NotifyListener> notifications,
      Optional<LimitGroup> group,
      long killsBefore,
      long cpuBefore,
      boolean isOurs,
      boolean paused) {
    this.isOurs = isOurs;
    this.handle = handle;
    this.spec = spec;
    this.events = events;
    this.host = host;
    this.process = process;
    this.identity = identity;
    this.mark = RunMark.of(spec);
    this.notifications = notifications;
    this.group = group;
    this.killsBefore = killsBefore;
    this.cpuBefore = cpuBefore;
    this.resources = spec.config().resources();
    this.paused = paused;
  }

  /** Learns of its end and hears what it says from now on. */
  void begin(Optional<ReadyPipe> pipe) throws LinuxException {
    if (notifications.isPresent()) {
      notifications.get().listen(host.loop());
    }
    if (pipe.isPresent()) {
      readyPipe = pipe;
      pipe.get().listen(host.loop(), spec.name(), events::ready);
    }
    if (group.isPresent()) {
      group.get().listen(host.loop(), memoryRanOut);
    }
    watch = Optional.of(host.processes().onEnd(host.loop(), process, this::mainEnded));
  }

  /** Told once: by the kernel's notice, or when the run has ended before that was read. */
  private void tellKills() {
    tell(outOfMemoryKills());
  }

  private void tell(long kills) {
    if (kills > 0 && memoryTold.compareAndSet(false, true)) {
      events.alert("memory", "the kernel killed a process at " + resources.memory() + " bytes");
    }
  }

  private long outOfMemoryKills() {
    return group.map(g -> g.outOfMemoryKills() - killsBefore).orElse(0L);
  }

  private void mainEnded(ExitStatus status, Optional<Pidfd> successor) {
    ended = Optional.of(status);
    boolean alone = false;
    if (successor.isPresent() && group.isPresent()) {
      alone = isTakenOver(successor.get(), group.get());
      if (!alone) {
        Heir.end(successor.get(), spec);
      }
    }
    if (alone || (group.isPresent() && group.get().isEmpty())) {
      treeGone(group.get().killsWhenEmpty() - killsBefore);
    } else {
      host.reaper().mainEnded(this);
    }
  }

  private boolean isTakenOver(Pidfd successor, LimitGroup in) {
    synchronized (succession) {
      LaunchSpec wanted = next;
      next = null;
      if (wanted == null) {
        return false;
      }
      heir = host.heirs().add(wanted, successor, in);
      return true;
    }
  }

  @Override
  public boolean prepareNext(LaunchSpec wanted, Predicate<ExitReason> follows)
      throws DaemonException {
    Optional<SuccessionWatch> ending = watch;
    if (!isOurs || group.isEmpty() || ending.isEmpty() || paused || ended.isPresent()) {
      return false;
    }
    BitSet codes = Heirs.codes(follows);
    BitSet signals = Heirs.signals(wanted.config(), follows);
    Optional<Path> population = group.get().cgroup().population();
    if (population.isEmpty() || (codes.isEmpty() && signals.isEmpty())) {
      return false;
    }
    Optional<PreparedStart> start = host.prepare(spec, wanted, group.get());
    if (start.isEmpty()) {
      return false;
    }
    synchronized (succession) {
      next = null;
      if (isLast) {
        start.get().close();
        return false;
      }
      try {
        if (ending.get().arm(start.get(), codes, signals, population.get())) {
          next = wanted;
        }
      } catch (LinuxException refused) {
        throw KernelFaults.of(ErrorCode.SPAWN, spec.name(), refused);
      }
      return next != null;
    }
  }

  @Override
  public void forgoNext() {
    Heir untaken;
    synchronized (succession) {
      next = null;
      // Where the loop is quicker it finds that nobody wants it any more.
      boolean _ = watch.map(SuccessionWatch::disarm).orElse(true);
      untaken = heir;
      heir = null;
    }
    if (untaken != null) {
      host.heirs().forgo(spec, untaken);
    }
  }

  /** Somebody wants its end. */
  private void endWithoutNext() {
    synchronized (succession) {
      isLast = true;
    }
    forgoNext();
  }

  /** Its living processes: those of its group, where it has one that none can leave. */
  List<ProcessTable.Entry> treeIn(ProcessTable table) {
    Optional<List<Integer>> inGroup = group.flatMap(LimitGroup::processes);
    if (inGroup.isPresent()) {
      return inGroup.get().stream()
          .map(table::get)
          .flatMap(Optional::stream)
          .filter(e -> !e.isDead())
          .toList();
    }
    return table.tree(identity.pid(), identity.startTime(), mark);
  }

  void killAll(List<ProcessTable.Entry> members) {
    signalAll(members, SIGKILL);
  }

  private void signalAll(List<ProcessTable.Entry> members, int signal) {
    try {
      TreeSignal.send(host.processes(), members, identity.bootId(), signal);
    } catch (LinuxException e) {
      LOGGER.log(Level.WARNING, spec.name() + ": signal " + signal + ": " + e.getMessage());
    }
  }

  /** Nothing of it is left. */
  void treeGone() {
    group.ifPresent(LimitGroup::forgetKills);
    treeGone(outOfMemoryKills());
  }

  private void treeGone(long kills) {
    release();
    host.ended(this);
    try {
      host.pidFiles().remove(spec, identity.pid());
    } catch (IOException e) {
      LOGGER.log(Level.WARNING, spec.name() + ": its pid file stays: " + e.getMessage());
    }
    tell(kills);
    ExitReason reason = reason(ended.orElse(new ExitStatus.Unknown("never seen")));
    exit.complete(explain(reason, kills));
  }

  /** A signal by which the kernel enforced what the file says has that as its reason. */
  private ExitReason explain(ExitReason reason, long memoryKills) {
    if (reason instanceof ExitReason.Signalled(int signal, boolean _)) {
      if (signal == SIGKILL && memoryKills > 0) {
        return outOfMemory(resources);
      }
      if (signal == SIGSYS && spec.config().sandbox().syscalls().isPresent()) {
        return forbiddenCall();
      }
    }
    return reason;
  }

  static ExitReason outOfMemory(Resources limits) {
    return new ExitReason.ResourceExhausted(
        "memory", "killed by the kernel at " + limits.memory() + " bytes");
  }

  static ExitReason forbiddenCall() {
    return new ExitReason.PolicyViolation(
        "sandbox", "a system call that sandbox.syscalls does not allow");
  }

  /** These do not die. */
  void unkillable(List<ProcessTable.Entry> left) {
    String pids =
        left.stream().map(e -> Integer.toString(e.pid())).collect(Collectors.joining(", "));
    events.alert("unkillable", "SIGKILL does not end " + pids + ": waiting for a device");
    treeGone();
  }

  static ExitReason reason(ExitStatus status) {
    return switch (status) {
      case ExitStatus.Exited(int code) -> ExitReason.ofCode(code);
      case ExitStatus.Signaled(int signal, boolean core) -> new ExitReason.Signalled(signal, core);
      case ExitStatus.Unknown(String why) -> new ExitReason.Unknown(why);
    };
  }

  private void release() {
    watch.ifPresent(SuccessionWatch::close);
    group.ifPresent(g -> g.leave(memoryRanOut));
    notifications.ifPresent(NotifyListener::close);
    readyPipe.ifPresent(ReadyPipe::close);
    process.close();
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
    if (ended.isPresent() || hasEnded()) {
      throw Faults.ended(spec.name());
    }
  }

  @Override
  public void signal(Signal signal, Deadline deadline) throws DaemonException {
    refuseEnded();
    if (signal.asksForShutdown()) {
      endWithoutNext();
    }
    try {
      if (!process.sendSignal(signal.number())) {
        throw Faults.ended(spec.name());
      }
    } catch (LinuxException refused) {
      throw KernelFaults.of(ErrorCode.SIGNAL, spec.name(), refused);
    }
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
  public PlatformStatus status(Deadline deadline) throws DaemonException {
    Map<String, String> details = new LinkedHashMap<>();
    details.put("command", commandLine());
    details.put("started by", host.describe());
    details.put("log", spec.logFile() + ", rotated " + host.logs().method());
    details.put("pid file", spec.pidFile().toString());
    if (hasEnded()) {
      return new PlatformStatus(
          PlatformStatus.State.ENDED, OptionalLong.empty(), statusText(), List.of(), details);
    }
    List<ProcessTable.Entry> members = members();
    group.ifPresent(
        g ->
            details.put(
                "cgroup",
                g.cgroup().folders().stream()
                    .map(Path::toString)
                    .collect(Collectors.joining(" "))));
    details.put(
        "processes",
        members.stream().map(e -> Integer.toString(e.pid())).collect(Collectors.joining(" ")));
    return new PlatformStatus(
        paused ? PlatformStatus.State.PAUSED : PlatformStatus.State.RUNNING,
        OptionalLong.of(identity.pid()),
        statusText(),
        limits(),
        details);
  }

  private List<LimitReport> limits() {
    List<LimitReport> all = new ArrayList<>();
    if (group.isPresent()) {
      all.addAll(group.get().read(resources));
    } else {
      all.addAll(LimitGroup.notInForce(resources, host.groups().whyNone()));
    }
    all.addAll(Readback.of(host.linux(), process, spec, resources));
    host.disks().report(spec, resources).ifPresent(all::add);
    return all;
  }

  private String statusText() {
    return notifications.map(NotifyListener::statusText).orElse("");
  }

  private String commandLine() {
    String program =
        spec.payload() instanceof Payload.Program(String path) ? path : spec.payload().toString();
    return (program + " " + String.join(" ", spec.args())).strip();
  }

  private List<ProcessTable.Entry> members() throws DaemonException {
    try {
      Optional<List<Integer>> inGroup = group.flatMap(LimitGroup::processes);
      return treeIn(inGroup.isPresent() ? ProcessTable.of(inGroup.get()) : ProcessTable.read());
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.STATUS,
          spec.name(),
          "the process table cannot be read: " + e.getMessage(),
          "see whether /proc is mounted and descriptors are left",
          e);
    }
  }

  @Override
  public void stop(Signal stopSignal, Duration timeout) throws DaemonException {
    endWithoutNext();
    if (hasEnded()) {
      return;
    }
    try {
      if (ended.isEmpty() && process.sendSignal(stopSignal.number()) && paused) {
        // What is stopped cannot act on a signal.
        resume(Deadline.after(timeout));
      }
    } catch (LinuxException refused) {
      if (!isClosedNow()) {
        throw KernelFaults.of(ErrorCode.SIGNAL, spec.name(), refused);
      }
    }
    if (!awaitExit(timeout)) {
      kill(Deadline.after(KILL));
    }
  }

  @Override
  public void kill(Deadline deadline) throws DaemonException {
    endWithoutNext();
    if (hasEnded()) {
      return;
    }
    signalAll(members(), SIGKILL);
    thaw();
    try {
      var _ = process.sendSignal(SIGKILL);
    } catch (LinuxException refused) {
      if (!isClosedNow()) {
        throw KernelFaults.of(ErrorCode.SIGNAL, spec.name(), refused);
      }
    }
    if (!awaitExit(deadline.remaining())) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          spec.name(),
          "pid " + identity.pid() + " was killed and is not gone yet",
          "it may wait for a device; see /proc/" + identity.pid() + "/wchan");
    }
  }

  /** Its descriptors are closed once it has ended, which may be between a look and a call. */
  private boolean isClosedNow() {
    return process.descriptor().isClosed();
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
    // In a group that stands still a child would not become a program, and who starts it would wait
    // for that.
    forgoNext();
    if (group.isPresent() && host.groups().canFreeze()) {
      freeze(group.get(), deadline);
      return;
    }
    Set<Integer> told = new HashSet<>();
    while (true) {
      // A process that waits inside the kernel stops before it next runs code of its own: a stopped
      // child may be
      // what it waits for (vfork(2)), so that it would never be seen as stopped.
      List<ProcessTable.Entry> moving =
          members().stream()
              .filter(e -> !e.isStopped() && !(e.waitsInKernel() && told.contains(e.pid())))
              .toList();
      if (moving.isEmpty()) {
        paused = true;
        return;
      }
      if (deadline.hasPassed()) {
        signalAll(members(), SIGCONT);
        throw Faults.timeout(spec.name(), "not all of its processes would stop");
      }
      signalAll(moving, SIGSTOP);
      moving.forEach(e -> told.add(e.pid()));
    }
  }

  private void freeze(LimitGroup frozen, Deadline deadline) throws DaemonException {
    try {
      frozen.cgroup().freeze(deadline.remaining());
      paused = true;
    } catch (LinuxException refused) {
      throw KernelFaults.of(ErrorCode.TIMEOUT, spec.name(), refused);
    }
  }

  @Override
  public void resume(Deadline deadline) throws DaemonException {
    refuseEnded();
    thaw();
    signalAll(members(), SIGCONT);
    paused = false;
  }

  private void thaw() throws DaemonException {
    if (group.isPresent() && host.groups().canFreeze()) {
      try {
        group.get().cgroup().thaw();
      } catch (LinuxException refused) {
        throw KernelFaults.of(ErrorCode.SIGNAL, spec.name(), refused);
      }
    }
  }

  @Override
  public UsageSample usage(Deadline deadline) throws DaemonException {
    refuseEnded();
    ProcUsage.Sum sum = ProcUsage.of(members());
    long cpu = groupCpuNanos().orElse(sum.cpuNanos());
    return new UsageSample(
        Instant.now(),
        mostCpuNanos.accumulateAndGet(cpu, Math::max),
        sum.memoryBytes(),
        sum.processes(),
        sum.threads(),
        sum.openFiles(),
        sum.readBytes(),
        sum.writeBytes(),
        UsageSample.UNKNOWN,
        UsageSample.UNKNOWN,
        sum.voluntary(),
        sum.involuntary(),
        DiskUsage.of(spec, host.logs(), deadline),
        group.isPresent() ? outOfMemoryKills() : UsageSample.UNKNOWN);
  }

  /** The group's account has the time of processes that are gone, too; it began with the first run of this name. */
  private OptionalLong groupCpuNanos() {
    try {
      OptionalLong now = group.isPresent() ? group.get().cgroup().cpuNanos() : OptionalLong.empty();
      return now.isPresent() ? OptionalLong.of(now.getAsLong() - cpuBefore) : now;
    } catch (LinuxException gone) {
      return OptionalLong.empty();
    }
  }

  @Override
  public List<LimitReport> updateLimits(Resources wanted, Deadline deadline)
      throws DaemonException {
    refuseEnded();
    forgoNext();
    List<LimitReport> reports = new ArrayList<>();
    if (group.isPresent()) {
      reports.addAll(group.get().apply(spec, wanted));
    }
    try {
      var _ =
          host.linux().processLimits().set(process, Resource.NOFILE, Limit.of(wanted.openFiles()));
    } catch (LinuxException refused) {
      // Only CAP_SYS_RESOURCE raises a limit again; the report below says what is in force.
      if (!refused.is(Errno.EPERM)) {
        throw KernelFaults.of(ErrorCode.RESOURCE_LIMIT, spec.name(), refused);
      }
    }
    resources = wanted;
    reports.addAll(Readback.of(host.linux(), process, spec, wanted));
    host.disks().report(spec, wanted).ifPresent(reports::add);
    return reports;
  }

  @Override
  public ExecResult exec(List<String> command, Deadline deadline) throws DaemonException {
    refuseEnded();
    return host.exec().run(spec, group, command, deadline);
  }

  @Override
  public TraceTarget traceTarget(Deadline deadline) throws DaemonException {
    refuseEnded();
    return new TraceTarget(
        spec.name(),
        List.of((long) identity.pid()),
        group.map(g -> g.cgroup().folders().getFirst().toString()).orElse(""));
  }

  @Override
  public void destroy(Deadline deadline) throws DaemonException {
    forgoNext();
    if (!hasEnded()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, spec.name(), "is still running", "stop it first");
    }
    try {
      host.pidFiles().remove(spec, identity.pid());
      host.groups().release(spec);
      host.disks().release(spec);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, spec.pidFile().toString(), "cannot be removed: " + e.getMessage(), "", e);
    }
  }

  @Override
  public void leave() {
    endWithoutNext();
    release();
    exit.completeExceptionally(new AdapterGone(handle.platform(), spec.name()));
  }

  @Override
  public Optional<Daemon> daemon() {
    return Optional.empty();
  }

  /** For the notification socket: whether a sender is one of ours. */
  static boolean isMember(int pid, int main, long start, RunMark mark) {
    if (pid == main) {
      return true;
    }
    try {
      ProcessTable table = ProcessTable.read();
      return table.tree(main, start, mark).stream().anyMatch(e -> e.pid() == pid);
    } catch (IOException unreadable) {
      return false;
    }
  }
}
