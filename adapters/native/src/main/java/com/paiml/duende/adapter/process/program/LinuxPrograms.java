package com.paiml.duende.adapter.process.program;

import com.paiml.duende.adapter.process.NativeAdapter;
import com.paiml.duende.adapter.process.Run;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.confine.Credentials;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.NextWrites;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.Resource;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.PreparedStart;
import com.paiml.duende.linux.process.ProcessIdentity;
import com.paiml.duende.linux.process.Processes;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import com.paiml.duende.linux.process.Stdio;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.support.host.HostSocket;
import com.paiml.duende.support.program.ProgramFile;
import com.paiml.duende.support.program.RunMark;
import com.paiml.duende.support.rotation.LogBooks;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.channels.ByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/** Programs on Linux: a child of vfork each, pidfds in one epoll loop, no thread and no process for each. */
public final class LinuxPrograms implements Programs {
  private static final Logger LOGGER = System.getLogger(LinuxPrograms.class.getName());

  /** How long the loop waits for a program that it starts itself; a file system may not answer. */
  private static final Duration LOOP_STANDS_STILL = Duration.ofMillis(250);

  /** In a handle: {@link ProcessIdentity#encode()}. */
  static final String IDENTITY = "identity";

  private static final Set<Capability> CAPABILITIES =
      Set.copyOf(
          EnumSet.of(
              Capability.SIGNAL,
              Capability.KILL,
              Capability.PAUSE,
              Capability.RECOVER,
              Capability.EXEC,
              Capability.LOGS,
              Capability.USAGE,
              Capability.TRACE,
              Capability.READINESS_NOTIFY,
              Capability.READINESS_FD,
              Capability.WATCHDOG,
              Capability.WORKING_DIR));

  /** What the executor between spawn and exec puts in force. */
  private static final Set<Capability> CONFINING =
      Set.copyOf(
          EnumSet.of(
              Capability.USER,
              Capability.UMASK,
              Capability.NO_NEW_PRIVS,
              Capability.CAPABILITIES,
              Capability.SYSCALL_FILTER,
              Capability.PATHS,
              Capability.NETWORK_OFF,
              Capability.LIMIT_OPEN_FILES));

  private static final Set<Capability> OF_ROOT =
      Set.copyOf(EnumSet.of(Capability.USER, Capability.CAPABILITIES, Capability.NETWORK_OFF));

  private final Linux linux;
  private final Processes processes;
  private final LogBooks logs;
  private final Spawner spawner;
  private final EventLoop loop;
  private final TreeReaper reaper;
  private final LinuxExec exec;
  private final LimitGroups groups;
  private final DiskRooms disks;
  private final Optional<NextWrites> writes;
  private final Accounts accounts = new Accounts();
  private final PidFiles pidFiles = new PidFiles();
  private final Heirs heirs = new Heirs();
  private final Optional<String> cannotConfine;
  private final int ownUid;
  private final long hardLimit;

  private LinuxPrograms(Linux linux, LogBooks logs, Spawner spawner, EventLoop loop)
      throws LinuxException {
    this.linux = linux;
    this.processes = linux.processes();
    this.logs = logs;
    this.spawner = spawner;
    this.loop = loop;
    this.reaper = new TreeReaper();
    this.exec = new LinuxExec(linux, spawner, loop, this::confinement);
    this.groups = LimitGroups.detect(linux);
    this.cannotConfine = tryToConfine(spawner);
    this.ownUid = Integer.parseInt(ownUid(linux));
    this.hardLimit = hardLimit(linux);
    this.disks = DiskRooms.detect(ownUid);
    this.writes = restingLogs(linux, logs, loop);
  }

  /** A user has so many inotify instances; without one the logs are looked at. */
  private static Optional<NextWrites> restingLogs(Linux linux, LogBooks logs, EventLoop loop) {
    try {
      NextWrites writes = linux.nextWrites(loop);
      logs.rely(writes::await);
      return Optional.of(writes);
    } catch (LinuxException none) {
      LOGGER.log(
          Level.INFO, "logs that rest are looked at every two seconds: " + none.getMessage());
      return Optional.empty();
    }
  }

  private static String ownUid(Linux linux) throws LinuxException {
    return linux
        .proc()
        .status((int) ProcessHandle.current().pid())
        .flatMap(s -> s.field("Uid"))
        .orElse("0")
        .split("\\s+")[0];
  }

  /** The executor may be missing from this build, or a sandbox may be around us. */
  private static Optional<String> tryToConfine(Spawner spawner) {
    SpawnRequest trial =
        SpawnRequest.of(Path.of("/bin/sh"), List.of("-c", "exit 0"))
            .withConfinement(Confinement.builder().umask(077).build());
    try (Pidfd process = spawner.spawn(trial)) {
      boolean ended = process.awaitEnd(Duration.ofSeconds(10));
      return ended && process.reap().isPresent()
          ? Optional.empty()
          : Optional.of("a trial start did not end within 10 s");
    } catch (LinuxException refused) {
      return Optional.of(refused.getMessage());
    }
  }

  public static LinuxPrograms open(Linux linux, LogBooks logs) throws LinuxException {
    Spawner spawner = linux.spawner();
    try {
      EventLoop loop =
          linux.eventLoop(
              "duende-native-events",
              (what, fault) -> LOGGER.log(Level.ERROR, what + ": " + fault, fault));
      return new LinuxPrograms(linux, logs, spawner, loop);
    } catch (LinuxException refused) {
      spawner.close();
      throw refused;
    }
  }

  @Override
  public String describe() {
    return "vfork, pidfd, epoll" + cannotConfine.map(why -> "; cannot confine: " + why).orElse("");
  }

  @Override
  public Set<Capability> capabilities() {
    Set<Capability> all = EnumSet.copyOf(CAPABILITIES);
    all.addAll(groups.capabilities());
    if (groups.capabilities().contains(Capability.LIMIT_MEMORY_SWAP)) {
      // A program's memory cannot be locked from outside; it can be kept from swap by its group.
      all.add(Capability.LOCK_MEMORY);
    }
    if (disks.cannot().isEmpty()) {
      all.add(Capability.LIMIT_DISK);
    }
    if (cannotConfine.isEmpty()) {
      all.addAll(CONFINING);
      if (ownUid != 0) {
        all.removeAll(OF_ROOT);
      }
    }
    return all;
  }

  @Override
  public Map<Capability, String> missing() {
    Map<Capability, String> all = new EnumMap<>(Capability.class);
    all.putAll(groups.missing());
    cannotConfine.ifPresent(why -> CONFINING.forEach(c -> all.put(c, why)));
    if (ownUid != 0) {
      OF_ROOT.forEach(c -> all.put(c, "only root can do that: start Duende as root"));
    }
    disks.cannot().ifPresent(why -> all.put(Capability.LIMIT_DISK, why));
    return all;
  }

  @Override
  public List<String> check(DaemonConfig config) {
    List<String> faults = new ArrayList<>();
    if (!config.sandbox().equals(Sandbox.NONE)) {
      faults.addAll(Confining.unknownNames(config.sandbox(), linux.systemCalls()));
    }
    Resources resources = config.resources();
    if (resources.disk() > 0 && resources.enforce() == Resources.Enforce.STRICT) {
      disks.refusal().ifPresent(why -> faults.add("resources.disk cannot be enforced: " + why));
    }
    return faults;
  }

  DiskRooms disks() {
    return disks;
  }

  Heirs heirs() {
    return heirs;
  }

  LimitGroups groups() {
    return groups;
  }

  Linux linux() {
    return linux;
  }

  Processes processes() {
    return processes;
  }

  EventLoop loop() {
    return loop;
  }

  TreeReaper reaper() {
    return reaper;
  }

  LogBooks logs() {
    return logs;
  }

  PidFiles pidFiles() {
    return pidFiles;
  }

  LinuxExec exec() {
    return exec;
  }

  @Override
  public Run start(
      LaunchSpec spec, Payload.Program program, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    // Who sends notifications is checked against a run that is not there yet when the socket is
    // bound.
    AtomicReference<ProcessIdentity> main = new AtomicReference<>();
    List<AutoCloseable> opened = new ArrayList<>();
    boolean done = false;
    try {
      Optional<NotifyListener> notifications =
          usesNotifications(spec) ? Optional.of(bind(spec, events, main::get)) : Optional.empty();
      notifications.ifPresent(opened::add);
      Optional<ReadyPipe> pipe =
          spec.config().readiness().type() == Readiness.Type.FD
              ? Optional.of(ReadyPipe.open(linux, spec.config().readiness().fd()))
              : Optional.empty();
      pipe.ifPresent(opened::add);
      opened.add(() -> groups.release(spec));
      Optional<Pidfd> started = heirs.take(spec, deadline);
      started.ifPresent(p -> opened.add(() -> undoTaken(p, spec)));
      Optional<LimitGroup> group = groups.claim(spec);
      long killsBefore = group.map(LimitGroup::killsBefore).orElse(0L);
      long cpuBefore = group.map(LimitGroup::cpuNanos).orElse(0L);
      opened.add(() -> disks.release(spec));
      disks.prepare(spec, deadline);
      AutoCloseable attached = attach(spec);
      opened.add(attached);
      Pidfd process =
          started.isPresent()
              ? started.get()
              : spawner.spawn(request(spec, program, notifications, pipe, group, deadline));
      opened.add(process);
      try {
        ProcessIdentity identity = processes.identify(process);
        main.set(identity);
        LinuxRun run =
            new LinuxRun(
                handle(spec, identity),
                spec,
                events,
                this,
                process,
                identity,
                notifications,
                group,
                killsBefore,
                cpuBefore,
                true,
                false);
        if (cannotConfine.isPresent() && group.isPresent()) {
          group.get().cgroup().attach(identity.pid());
        }
        pidFiles.write(spec, identity.pid());
        run.begin(pipe);
        done = true;
        return run;
      } finally {
        if (!done) {
          undo(process, spec);
        }
      }
    } catch (LinuxException refused) {
      throw KernelFaults.of(ErrorCode.SPAWN, spec.name(), refused);
    } finally {
      if (!done) {
        closeAll(opened);
      }
    }
  }

  /**
   * Prepares a run that the loop is to start by itself when another has ended: only what needs nothing but a child that does all to
   * itself. Nobody else is served while it is made, so what takes its time is left out: to join the group of a network limit takes
   * ten milliseconds.
   */
  Optional<PreparedStart> prepare(LaunchSpec running, LaunchSpec next, LimitGroup group)
      throws DaemonException {
    Resources resources = next.config().resources();
    if (!(next.payload() instanceof Payload.Program program)
        || usesNotifications(next)
        || next.config().readiness().type() == Readiness.Type.FD
        || cannotConfine.isPresent()
        || resources.networkBps() > 0
        || resources.disk() > 0
        || running.config().resources().disk() > 0
        || !groups.suits(group, next)) {
      return Optional.empty();
    }
    try {
      return spawner.prepare(
          request(
              next,
              program,
              Optional.empty(),
              Optional.empty(),
              Optional.of(group),
              Deadline.after(LOOP_STANDS_STILL)));
    } catch (LinuxException refused) {
      throw KernelFaults.of(ErrorCode.SPAWN, next.name(), refused);
    }
  }

  @Override
  public boolean lendThread(Runnable meanwhile) {
    return loop.handOver(meanwhile);
  }

  private static boolean usesNotifications(LaunchSpec spec) {
    return spec.config().readiness().type() == Readiness.Type.NOTIFY
        || spec.config().watchdog().isPresent();
  }

  private NotifyListener bind(
      LaunchSpec spec, AdapterEvents events, java.util.function.Supplier<ProcessIdentity> main)
      throws LinuxException, DaemonException {
    RunMark mark = RunMark.of(spec);
    Path path = spec.runDirectory().resolve("notify.sock");
    IntPredicate isOurs =
        pid -> {
          ProcessIdentity known = main.get();
          // It may speak before we know its name: then the mark tells.
          return known == null
              ? LinuxRun.isMember(pid, -1, 0, mark)
              : LinuxRun.isMember(pid, known.pid(), known.startTime(), mark);
        };
    return isOfAnother(spec)
        ? NotifyListener.bindForEverybody(linux, path, spec.name(), events, isOurs)
        : NotifyListener.bind(linux, path, spec.name(), events, isOurs);
  }

  private AutoCloseable attach(LaunchSpec spec) throws DaemonException {
    Path file = logs.attach(spec.logFile(), spec.config().log()).file();
    return () -> logs.detach(file);
  }

  /** What is in force from its first instruction, as far as it can be here. */
  private Confinement confinement(LaunchSpec spec, Path program, Optional<LimitGroup> group)
      throws DaemonException {
    if (cannotConfine.isPresent()) {
      return Confinement.none();
    }
    Confinement.Builder builder = Confining.of(spec, program, credentials(spec), openFiles(spec));
    group.ifPresent(g -> g.cgroup().joinFiles().forEach(builder::cgroup));
    return builder.build();
  }

  /** Empty when it is who we are, so that it needs no rights. */
  private Optional<Credentials> credentials(LaunchSpec spec) throws DaemonException {
    Optional<Credentials> wanted =
        accounts.credentials(spec.name(), spec.config().user(), spec.config().group());
    return wanted.filter(w -> w.uid() != ownUid || !spec.config().group().isEmpty());
  }

  private boolean isOfAnother(LaunchSpec spec) throws DaemonException {
    return credentials(spec).filter(c -> c.uid() != ownUid).isPresent();
  }

  private Limit openFiles(LaunchSpec spec) throws DaemonException {
    Resources resources = spec.config().resources();
    long hard = hardLimit;
    boolean tooMuch = hard != Limit.INFINITY && resources.openFiles() > hard;
    if (tooMuch
        && resources.enforce() == Resources.Enforce.STRICT
        && spec.config().isWritten("resources.open_files")) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          spec.name(),
          "resources.open_files = " + resources.openFiles() + " is above the hard limit " + hard,
          "raise that (ulimit -Hn) before Duende is started, or write less");
    }
    return Limit.of(tooMuch ? hard : resources.openFiles());
  }

  private static long hardLimit(Linux linux) throws LinuxException {
    try (Pidfd self = linux.processes().open((int) ProcessHandle.current().pid())) {
      return linux.processLimits().get(self, Resource.NOFILE).hard();
    }
  }

  /** What a daemon of another user must be able to use. */
  private void give(LaunchSpec spec) throws DaemonException {
    Optional<Credentials> other = credentials(spec).filter(c -> c.uid() != ownUid);
    if (other.isEmpty()) {
      return;
    }
    try {
      for (Path folder : List.of(spec.stateDirectory(), spec.runDirectory())) {
        Files.setAttribute(folder, "unix:uid", other.get().uid());
        Files.setAttribute(folder, "unix:gid", other.get().gid());
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.PERMISSION_DENIED,
          spec.name(),
          "its directories cannot be given to user " + spec.config().user() + ": " + e.getMessage(),
          "start Duende as root",
          e);
    }
  }

  private SpawnRequest request(
      LaunchSpec spec,
      Payload.Program program,
      Optional<NotifyListener> notifications,
      Optional<ReadyPipe> pipe,
      Optional<LimitGroup> group,
      Deadline deadline)
      throws DaemonException {
    List<String> more = new ArrayList<>();
    notifications.ifPresent(n -> more.add("NOTIFY_SOCKET=" + n.path()));
    spec.config()
        .watchdog()
        .ifPresent(interval -> more.add("WATCHDOG_USEC=" + interval.toNanos() / 1000));
    Path file = ProgramFile.find(program.path(), spec);
    give(spec);
    SpawnRequest request =
        SpawnRequest.of(program.path(), file, spec.args())
            .withConfinement(confinement(spec, file, group))
            .withEnvironment(RunMark.of(spec).addTo(spec.env(), Programs.MARK, more))
            .withWorkingDirectory(ProgramFile.workingDirectory(spec))
            .withStdio(
                new Stdio.Null(),
                new Stdio.Append(spec.logFile()),
                new Stdio.Append(spec.logFile()))
            .withDeadline(deadline.remaining());
    return pipe.map(p -> request.withDescriptors(p.descriptors())).orElse(request);
  }

  private static DaemonHandle handle(LaunchSpec spec, ProcessIdentity identity) {
    Map<String, String> data = new HashMap<>();
    data.put(NativeAdapter.KIND, KIND);
    data.put(NativeAdapter.LOG, spec.logFile().toString());
    data.put(DaemonHandle.PID, Integer.toString(identity.pid()));
    data.put(IDENTITY, identity.encode());
    return new DaemonHandle(NativeAdapter.NAME, spec.name(), spec.id(), spec.generation(), data);
  }

  private void undoTaken(Pidfd process, LaunchSpec spec) {
    if (!process.descriptor().isClosed()) {
      undo(process, spec);
      process.close();
    }
  }

  /** A start that fails leaves nothing behind. */
  private void undo(Pidfd process, LaunchSpec spec) {
    try {
      boolean reached = process.sendSignal(LinuxRun.SIGKILL);
      boolean gone = process.awaitEnd(Duration.ofSeconds(5));
      if (gone) {
        LOGGER.log(Level.DEBUG, "{0}: undone ({1}): {2}", spec.name(), reached, process.reap());
      }
      pidFiles.remove(spec, process.pid());
    } catch (LinuxException | IOException e) {
      LOGGER.log(Level.WARNING, spec.name() + ": left behind by a failed start: " + e, e);
    }
  }

  private static void closeAll(List<AutoCloseable> opened) {
    for (AutoCloseable one : opened.reversed()) {
      try {
        one.close();
      } catch (Exception e) {
        LOGGER.log(Level.WARNING, "close: " + e, e);
      }
    }
  }

  /** Its tree is gone. */
  void ended(LinuxRun run) {
    disks.ended(run.spec());
    logs.detach(run.spec().logFile());
  }

  /** By the mark that every process of a run carries; its main process is the one whose parent does not. */
  @Override
  public Optional<DaemonHandle> find(LaunchSpec spec) throws DaemonException {
    try {
      Optional<ProcessTable.Entry> main = ProcessTable.read().main(RunMark.of(spec));
      if (main.isEmpty()) {
        return Optional.empty();
      }
      try (Pidfd process = processes.open(main.get().pid())) {
        ProcessIdentity identity = processes.identify(process);
        return identity.startTime() == main.get().start()
            ? Optional.of(handle(spec, identity))
            : Optional.empty();
      }
    } catch (LinuxException refused) {
      if (refused.is(Errno.ESRCH)) {
        return Optional.empty();
      }
      throw KernelFaults.of(ErrorCode.STATUS, spec.name(), refused);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.STATUS, spec.name(), "cannot be looked for: " + e.getMessage(), "", e);
    }
  }

  @Override
  public Found recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    Optional<ProcessIdentity> known = identity(handle);
    if (known.isEmpty()) {
      return lost("its handle does not name a process");
    }
    ProcessIdentity identity = known.get();
    try {
      Optional<Pidfd> held = processes.open(identity);
      if (held.isEmpty()) {
        killRest(identity, spec);
        pidFiles.remove(spec, identity.pid());
        return lost(
            "pid "
                + identity.pid()
                + " ended while nobody watched, and the kernel keeps no exit status of it");
      }
      if (held.get().hasEnded()) {
        return ended(held.get(), identity, spec);
      }
      return adopt(handle, spec, events, held.get(), identity);
    } catch (LinuxException refused) {
      throw KernelFaults.of(ErrorCode.STATUS, spec.name(), refused);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.STATUS, spec.name(), "cannot be looked for: " + e.getMessage(), "", e);
    }
  }

  /** It ended a moment ago, or is our own child still: the kernel has kept how. */
  private Found ended(Pidfd process, ProcessIdentity identity, LaunchSpec spec)
      throws LinuxException, IOException {
    ExitStatus status;
    try (process) {
      status =
          statusOf(process)
              .orElseGet(
                  () ->
                      new ExitStatus.Unknown(
                          "it ended while nobody watched, pid " + process.pid()));
    }
    killRest(identity, spec);
    pidFiles.remove(spec, identity.pid());
    return new Found(new Recovery.Exited(LinuxRun.reason(status)), Optional.empty());
  }

  private static Optional<ExitStatus> statusOf(Pidfd process) throws LinuxException {
    try {
      return process.reap();
    } catch (LinuxException notOurs) {
      if (!notOurs.is(Errno.ECHILD)) {
        throw notOurs;
      }
      return process.recordedExit();
    }
  }

  private static Optional<ProcessIdentity> identity(DaemonHandle handle) {
    try {
      return handle.get(IDENTITY).map(ProcessIdentity::decode);
    } catch (IllegalArgumentException damaged) {
      return Optional.empty();
    }
  }

  private static Found lost(String why) {
    return new Found(new Recovery.Lost(why), Optional.empty());
  }

  private Found adopt(
      DaemonHandle handle,
      LaunchSpec spec,
      AdapterEvents events,
      Pidfd process,
      ProcessIdentity identity)
      throws DaemonException, LinuxException, IOException {
    List<AutoCloseable> opened = new ArrayList<>();
    opened.add(process);
    boolean done = false;
    try {
      Optional<NotifyListener> notifications =
          usesNotifications(spec)
              ? Optional.of(bind(spec, events, () -> identity))
              : Optional.empty();
      notifications.ifPresent(opened::add);
      opened.add(attach(spec));
      disks.adopt(spec);
      Optional<LimitGroup> group = groups.find(spec);
      boolean paused =
          group.map(LimitGroup::isFrozen).orElse(false)
              || ProcessTable.entry(identity.pid())
                  .map(ProcessTable.Entry::isStopped)
                  .orElse(false);
      LinuxRun run =
          new LinuxRun(
              handle,
              spec,
              events,
              this,
              process,
              identity,
              notifications,
              group,
              group.map(LimitGroup::outOfMemoryKills).orElse(0L),
              0,
              false,
              paused);
      pidFiles.write(spec, identity.pid());
      run.begin(Optional.empty());
      done = true;
      return new Found(new Recovery.Running(handle, paused), Optional.of(run));
    } finally {
      if (!done) {
        closeAll(opened);
      }
    }
  }

  /** The main process is gone: so is the run, whatever it has left. */
  private void killRest(ProcessIdentity main, LaunchSpec spec) throws IOException, LinuxException {
    List<ProcessTable.Entry> left =
        ProcessTable.read().tree(main.pid(), main.startTime(), RunMark.of(spec));
    TreeSignal.send(processes, left, main.bootId(), LinuxRun.SIGKILL);
    Optional<LimitGroup> group = groups.find(spec);
    if (group.isPresent()) {
      group.get().cgroup().kill(Duration.ofSeconds(5));
      groups.release(spec);
    }
  }

  @Override
  public Optional<ByteChannel> connectHost(LaunchSpec spec) throws DaemonException {
    return Optional.of(HostSocket.connect(linux, spec));
  }

  @Override
  public void sweep(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    groups.sweep(
        instance,
        kept.stream().map(DaemonHandle::name).collect(Collectors.toSet()),
        deadline.remaining());
    Set<String> keptMarks =
        kept.stream().map(h -> RunMark.of(instance, h).value()).collect(Collectors.toSet());
    try {
      while (true) {
        List<ProcessTable.Entry> strays = new ArrayList<>();
        ProcessTable.read()
            .marked(instance)
            .forEach(
                (process, mark) -> {
                  if (!keptMarks.contains(mark)) {
                    strays.add(process);
                  }
                });
        if (strays.isEmpty()) {
          return;
        }
        if (deadline.hasPassed()) {
          throw new DaemonException(
              ErrorCode.TIMEOUT,
              "native",
              "processes of no daemon would not die: "
                  + strays.stream().map(e -> Integer.toString(e.pid())).toList(),
              "see /proc/PID/wchan of each");
        }
        TreeSignal.send(processes, strays, bootId(), LinuxRun.SIGKILL);
      }
    } catch (LinuxException refused) {
      throw KernelFaults.of(ErrorCode.STATUS, "native", refused);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.STATUS, "native", "/proc cannot be read: " + e.getMessage(), "", e);
    }
  }

  private String bootId() throws LinuxException {
    try (Pidfd self = processes.open((int) ProcessHandle.current().pid())) {
      return processes.identify(self).bootId();
    }
  }

  @Override
  public void close() {
    groups.deafen();
    groups.prune();
    reaper.close();
    writes.ifPresent(NextWrites::close);
    loop.close();
    spawner.close();
    disks.close();
  }
}
