package com.paiml.duende.adapter.launchd;

import com.dd.plist.NSDictionary;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.spi.TableSchema;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.support.program.RunMark;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * Programs as jobs of launchd, by launchctl(1). On a machine that is no Mac the framework property {@value #PROPERTY} may name
 * a program that behaves like it; the fingerprint then says that it is not the real thing.
 */
@Component(
    service = PlatformAdapter.class,
    property = PlatformAdapter.PLATFORM + "=" + LaunchdAdapter.NAME)
public final class LaunchdAdapter implements PlatformAdapter {
  static final String NAME = "launchd";
  static final String PROPERTY = "duende.launchd.launchctl";

  static final Path APPLES = Path.of("/bin/launchctl");
  private static final String LABELS = "com.paiml.duende.";
  private static final Duration BOOTSTRAP = Duration.ofSeconds(30);
  private static final Duration LEAVE = Duration.ofSeconds(15);
  private static final long LOOK_MILLIS = 20;

  /** After this long a loaded job that has not been started is started by name. */
  private static final Duration HELD_BACK = Duration.ofMillis(500);

  private static final int MOST_THREADS = 256;

  private final Launchctl launchctl;
  private final boolean mac;
  private final boolean real;
  private final long uid;
  private final Map<String, LaunchdRun> runs = new ConcurrentHashMap<>();
  private final ExecutorService threads;
  private final Ends ends = new Ends();
  private volatile boolean gone;

  @Activate
  public LaunchdAdapter(BundleContext context) {
    this(context.getProperty(PROPERTY));
  }

  LaunchdAdapter(@Nullable String program) {
    mac = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("mac");
    real = mac && (program == null || Path.of(program).equals(APPLES));
    launchctl = new Launchctl(program == null ? APPLES : Path.of(program));
    uid = ownUid();
    // Threads are few: each has a run to see to its end, for milliseconds.
    threads =
        new ThreadPoolExecutor(
            0,
            MOST_THREADS,
            10,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> {
              Thread thread = new Thread(task, "duende-launchd");
              thread.setDaemon(true);
              return thread;
            },
            new ThreadPoolExecutor.CallerRunsPolicy());
  }

  private static long ownUid() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid") instanceof Integer uid
          ? uid
          : homeUid();
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return homeUid();
    }
  }

  /** macOS has no /proc; a user's home is the user's. */
  private static long homeUid() {
    try {
      Path home = Path.of(System.getProperty("user.home", "/"));
      return Files.getAttribute(home, "unix:uid") instanceof Integer uid ? uid : 0;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return 0;
    }
  }

  private boolean isElsewhere() {
    return !mac && launchctl.program().equals(APPLES);
  }

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    if (isElsewhere()) {
      return Fingerprint.absent(
          "launchd needs macOS, and this is "
              + System.getProperty("os.name")
              + "; use platform \"systemd\" or \"native\"");
    }
    String version;
    try {
      Launchctl.Answer answer = launchctl.call(deadline, "version");
      version = answer.ok() ? answer.words() : "";
    } catch (DaemonException e) {
      return Fingerprint.absent(e.thing() + ": " + e.problem() + "; " + e.remedy());
    }
    Set<Capability> can =
        EnumSet.of(
            Capability.SIGNAL,
            Capability.KILL,
            Capability.PAUSE,
            Capability.RECOVER,
            Capability.LOGS,
            Capability.USAGE,
            Capability.RESTART_BY_PLATFORM,
            Capability.WORKING_DIR,
            Capability.LIMIT_OPEN_FILES,
            Capability.UMASK);
    Map<Capability, String> missing = new EnumMap<>(Capability.class);
    if (uid == 0) {
      can.add(Capability.USER);
    } else {
      missing.put(
          Capability.USER,
          "only root gives a job to another user, in [launchd] domain = \"system\"");
    }
    for (Capability capability : Capability.values()) {
      if (!can.contains(capability)) {
        missing.putIfAbsent(capability, "launchd has nothing for it");
      }
    }
    return new Fingerprint(
        true,
        version,
        !real,
        "",
        Map.of(Payload.Kind.PROGRAM, can),
        missing,
        Map.of("launchctl", launchctl.program().toString(), "user", Long.toString(uid)));
  }

  @Override
  public TableSchema schema() {
    return LaunchdTable.SCHEMA;
  }

  @Override
  public List<String> check(DaemonConfig config) {
    List<String> faults = new ArrayList<>();
    LaunchdTable table = LaunchdTable.of(config.table(NAME));
    if (table.isSystem() && uid != 0) {
      faults.add("[launchd] domain = \"system\" is for root; this container runs as user " + uid);
    }
    if (!table.isSystem() && !config.user().isEmpty()) {
      faults.add(
          "user: a job of the domain \""
              + table.domain()
              + "\" runs as the user whose it is; write"
              + " [launchd] domain = \"system\"");
    }
    boolean counted =
        config.restart() == RestartPolicy.MAX_RETRIES
            || config.restart() == RestartPolicy.WITH_BACKOFF;
    if (config.restartBy() == DaemonConfig.RestartBy.PLATFORM && counted) {
      faults.add(
          "restart_by: launchd restarts without counting; with restart = \""
              + config.restart().word()
              + "\" write restart_by = \"manager\"");
    }
    return faults;
  }

  /** {@code com.paiml.duende.NAME}, with the instance's id before the name where it is not the default one. */
  static String label(Instance instance, String name) {
    return LABELS + (instance.isDefault() ? "" : instance.id() + ".") + name;
  }

  private String target(LaunchSpec spec) {
    return LaunchdTable.of(spec.table()).target(uid) + "/" + label(spec.instance(), spec.name());
  }

  private static Path file(LaunchSpec spec) {
    return spec.runDirectory().resolve("launchd-" + spec.generation() + ".plist");
  }

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(spec.name());
    if (!(spec.payload() instanceof Payload.Program program)) {
      throw Faults.notSupported(
          spec.name(), "payloads but programs", "write binary_path, or another platform");
    }
    ArgMax.refuseMore(spec);
    Path file = file(spec);
    String target = target(spec);
    free(target, spec, deadline);
    Path executable = executable(program.path(), spec);
    FileLog.rotate(spec.logFile(), spec.config().log(), spec.name());
    NSDictionary job =
        JobFile.of(
            spec, label(spec.instance(), spec.name()), executable, LaunchdTable.of(spec.table()));
    JobFile.write(job, file, spec.name());
    boolean done = false;
    try {
      bootstrap(target, file, spec, deadline);
      Printed now = started(target, spec, deadline);
      JobLimits.refuseMissed(spec.name(), spec.config(), now.limits());
      DaemonHandle handle = handle(spec, target, file, now.pid());
      LaunchdRun run = new LaunchdRun(handle, spec, launchctl, events, threads, ends);
      writePid(spec, handle.pid());
      runs.put(spec.name(), run);
      run.begin();
      done = true;
      return handle;
    } finally {
      if (!done) {
        undo(target, file, spec);
      }
    }
  }

  private void undo(String target, Path file, LaunchSpec spec) {
    try {
      Deadline deadline = Deadline.after(LEAVE);
      Optional<Printed> present = launchctl.print(target, deadline);
      if (present.filter(p -> p.path().equals(file.toString())).isPresent()) {
        var _ = launchctl.call(deadline, "bootout", target);
        awaitGone(target, spec.name(), deadline);
      }
      Files.deleteIfExists(file);
    } catch (DaemonException | IOException e) {
      System.getLogger(LaunchdAdapter.class.getName())
          .log(System.Logger.Level.WARNING, spec.name() + ": what was begun is not undone: " + e);
    }
  }

  /** Makes the label free: an ended run of ours is booted out; what is somebody else's, or runs, is refused and not touched. */
  private void free(String target, LaunchSpec spec, Deadline deadline) throws DaemonException {
    Optional<Printed> present = launchctl.print(target, deadline);
    if (present.isEmpty()) {
      return;
    }
    Path loadedFrom = Path.of(present.get().path());
    boolean ours = spec.runDirectory().equals(loadedFrom.getParent());
    if (!ours) {
      throw new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          spec.name(),
          "launchd has a job " + target + " that is not ours (" + loadedFrom + ")",
          "rename the daemon, or remove it with launchctl bootout");
    }
    if (present.get().pid().isPresent()) {
      throw new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          spec.name(),
          "already runs as " + target + ", pid " + present.get().pid().getAsLong(),
          "stop it first");
    }
    var _ = launchctl.call(deadline, "bootout", target);
    awaitGone(target, spec.name(), deadline);
  }

  private void awaitGone(String target, String daemon, Deadline deadline) throws DaemonException {
    while (launchctl.print(target, deadline).isPresent()) {
      if (deadline.hasPassed()) {
        throw Faults.timeout(daemon, target + " is booted out and still drains");
      }
      pause(daemon);
    }
  }

  private static void pause(String daemon) throws DaemonException {
    try {
      TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
    } catch (InterruptedException e) {
      throw Faults.interrupted(daemon, "launchd");
    }
  }

  /** "Bootstrap failed: 5" while an earlier job of the label drains, though print does not show it any more: again, then. */
  private void bootstrap(String target, Path file, LaunchSpec spec, Deadline deadline)
      throws DaemonException {
    String domain = target.substring(0, target.lastIndexOf('/'));
    Deadline patience = deadline.orAfter(BOOTSTRAP);
    long wait = LOOK_MILLIS;
    while (true) {
      Launchctl.Answer answer = launchctl.call(deadline, "bootstrap", domain, file.toString());
      if (answer.ok()) {
        return;
      }
      boolean again = answer.status() == Launchctl.IO || answer.status() == Launchctl.IN_PROGRESS;
      if (!again || patience.hasPassed()) {
        throw new DaemonException(
            ErrorCode.SPAWN,
            spec.name(),
            "launchctl bootstrap " + domain + ": " + answer.words(),
            remedy(answer.status(), domain));
      }
      // Somebody else may have taken the label meanwhile.
      Optional<Printed> present = launchctl.print(target, deadline);
      if (present.isPresent() && !present.get().path().equals(file.toString())) {
        free(target, spec, deadline);
      }
      try {
        TimeUnit.MILLISECONDS.sleep(wait);
      } catch (InterruptedException e) {
        throw Faults.interrupted(spec.name(), "launchd");
      }
      wait = Math.min(wait * 2, 1000);
    }
  }

  private static String remedy(int status, String domain) {
    return switch (status) {
      case 112, 125 ->
          "there is no " + domain + " now: log in, or write [launchd] domain = \"user\"";
      case 1, 150 -> "only root may use " + domain;
      default -> "see log show --predicate 'process == \"launchd\"' --last 5m";
    };
  }

  /** As soon as launchd says that it runs, or how it ended. */
  private Printed started(String target, LaunchSpec spec, Deadline deadline)
      throws DaemonException {
    Deadline patience = deadline.orAfter(HELD_BACK);
    boolean kicked = false;
    while (true) {
      Printed now =
          launchctl
              .print(target, deadline)
              .orElseThrow(
                  () ->
                      new DaemonException(
                          ErrorCode.SPAWN,
                          spec.name(),
                          "its job vanished from launchd",
                          "try again"));
      if (now.pid().isPresent() || now.exit().isPresent()) {
        return now;
      }
      if (deadline.hasPassed()) {
        throw Faults.timeout(spec.name(), "launchd has not started it: " + now.state());
      }
      if (!kicked && patience.hasPassed()) {
        // RunAtLoad counts for nothing in a domain in which launchd starts only what is asked for.
        kickstart(target, spec, deadline);
        kicked = true;
      }
      pause(spec.name());
    }
  }

  private void kickstart(String target, LaunchSpec spec, Deadline deadline) throws DaemonException {
    Launchctl.Answer answer = launchctl.call(deadline, "kickstart", target);
    if (!answer.ok()) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "launchctl kickstart " + target + ": " + answer.words(),
          "see log show --predicate 'process == \"launchd\"' --last 5m");
    }
  }

  private static DaemonHandle handle(LaunchSpec spec, String target, Path file, OptionalLong pid) {
    Map<String, String> data = new HashMap<>();
    data.put(LaunchdRun.TARGET, target);
    data.put(LaunchdRun.FILE, file.toString());
    data.put(LaunchdRun.LOG, spec.logFile().toString());
    pid.ifPresent(p -> data.put(DaemonHandle.PID, Long.toString(p)));
    return new DaemonHandle(NAME, spec.name(), spec.id(), spec.generation(), data);
  }

  /** Looked at before launchd is asked: it would load the job all the same, and say 78 later. */
  private static Path executable(String program, LaunchSpec spec) throws DaemonException {
    try {
      Path file = find(program, spec);
      Path real = file.toRealPath();
      if (!Files.isRegularFile(real) || !Files.isExecutable(real)) {
        throw new DaemonException(
            ErrorCode.SPAWN, spec.name(), file + " is no program", "see its rights");
      }
      Path folder = JobFile.workingDirectory(spec);
      if (!Files.isDirectory(folder)) {
        throw new DaemonException(
            ErrorCode.SPAWN,
            spec.name(),
            "its working directory " + folder + " is not there",
            "make it, or correct working_dir");
      }
      return file;
    } catch (InvalidPathException | FileSystemException e) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "cannot be started: " + e.getMessage(),
          "see that the program is there and may be executed",
          e);
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.IO, spec.name(), "cannot be started: " + e, "", e);
    }
  }

  private static Path find(String program, LaunchSpec spec) throws DaemonException {
    Path folder = JobFile.workingDirectory(spec);
    if (program.indexOf('/') >= 0) {
      return folder.resolve(program);
    }
    String path =
        spec.env().stream()
            .filter(v -> v.startsWith("PATH="))
            .reduce((a, b) -> b)
            .map(v -> v.substring("PATH=".length()))
            .orElse("/usr/bin:/bin:/usr/sbin:/sbin");
    for (String place : path.split(":")) {
      Path file = folder.resolve(place).resolve(program);
      if (!place.isEmpty() && Files.isRegularFile(file) && Files.isExecutable(file)) {
        return file;
      }
    }
    throw new DaemonException(
        ErrorCode.NOT_FOUND,
        spec.name(),
        "there is no program \"" + program + "\" on its PATH (" + path + ")",
        "install it, or write binary_path with its whole path");
  }

  private static void writePid(LaunchSpec spec, OptionalLong pid) throws DaemonException {
    if (pid.isEmpty()) {
      return;
    }
    try {
      Files.writeString(spec.pidFile(), pid.getAsLong() + "\n");
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, spec.name(), "its pid file cannot be written: " + e, "", e);
    }
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(handle.name());
    String target = handle.get(LaunchdRun.TARGET).orElse("");
    Optional<Printed> present = launchctl.print(target, deadline);
    if (present.isEmpty()) {
      return new Recovery.Lost("launchd has no job " + target + " any more");
    }
    Printed now = settled(target, present.get(), deadline);
    if (!now.path().equals(handle.get(LaunchdRun.FILE).orElse(""))) {
      return new Recovery.Lost(target + " is another job by now (" + now.path() + ")");
    }
    if (now.pid().isEmpty()) {
      return new Recovery.Exited(
          now.exit().orElseGet(() -> new ExitReason.Unknown("launchd does not say how it ended")));
    }
    DaemonHandle current = LaunchdRun.with(handle, now.pid().getAsLong());
    LaunchdRun run = new LaunchdRun(current, spec, launchctl, events, threads, ends);
    boolean paused =
        Processes.marked(RunMark.of(spec).value()::equals, deadline).stream()
            .anyMatch(m -> m.process().pid() == now.pid().getAsLong() && m.stopped());
    run.wasPaused(paused);
    writePid(spec, now.pid());
    runs.put(handle.name(), run);
    run.begin();
    return new Recovery.Running(current, paused);
  }

  /** What launchd says once it has taken note that a process has ended; that may be a moment later than the end. */
  private Printed settled(String target, Printed first, Deadline deadline) throws DaemonException {
    Printed now = first;
    Deadline end = deadline.orAfter(LEAVE);
    while (now.pid().isPresent()
        && !Processes.isAlive(now.pid().getAsLong(), end)
        && !end.hasPassed()) {
      pause(target);
      now = launchctl.print(target, end).orElse(now);
    }
    return now;
  }

  @Override
  public void recoveryComplete(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    if (isElsewhere()) {
      return;
    }
    Set<String> keep =
        kept.stream().map(h -> h.get(LaunchdRun.TARGET).orElse("")).collect(Collectors.toSet());
    Set<String> marks =
        kept.stream().map(h -> RunMark.of(instance, h).value()).collect(Collectors.toSet());
    for (String label : Printed.labels(launchctl.call(deadline, "list").text())) {
      if (label.startsWith(LABELS)) {
        for (String domain : List.of("gui/" + uid, "user/" + uid, LaunchdTable.SYSTEM)) {
          String target = domain + "/" + label;
          if (!keep.contains(target)) {
            removeStray(target, instance, deadline);
          }
        }
      }
    }
    Deadline end = deadline.orAfter(LEAVE);
    while (true) {
      List<Processes.Marked> strays =
          Processes.marked(m -> RunMark.belongsTo(instance, m) && !marks.contains(m), end);
      if (strays.isEmpty()) {
        return;
      }
      if (end.hasPassed()) {
        throw Faults.timeout(NAME, "processes of no daemon would not die: " + strays);
      }
      strays.forEach(s -> s.process().destroyForcibly());
      pause(NAME);
    }
  }

  private void removeStray(String target, Instance instance, Deadline deadline)
      throws DaemonException {
    Optional<Printed> present = launchctl.print(target, deadline);
    if (present.isEmpty()) {
      return;
    }
    Path file = Path.of(present.get().path());
    // Whose it is says the file, and not the label, which anybody may choose.
    if (JobFile.mark(file).filter(m -> RunMark.belongsTo(instance, m)).isEmpty()) {
      return;
    }
    var _ = launchctl.call(deadline, "kill", "SIGKILL", target);
    var _ = launchctl.call(deadline, "bootout", target);
    awaitGone(target, NAME, deadline.orAfter(LEAVE));
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.IO, file.toString(), "stays: " + e, "remove it", e);
    }
  }

  private void refuseGone(String name) throws DaemonException {
    if (gone) {
      throw new AdapterGone(NAME, name);
    }
  }

  /** The run of a handle; one that is not known has ended. */
  private Optional<LaunchdRun> find(DaemonHandle handle) throws DaemonException {
    refuseGone(handle.name());
    return Optional.ofNullable(runs.get(handle.name()))
        .filter(r -> r.handle().generation() == handle.generation())
        .filter(r -> r.handle().id().equals(handle.id()));
  }

  private LaunchdRun live(DaemonHandle handle) throws DaemonException {
    LaunchdRun run = find(handle).orElseThrow(() -> Faults.ended(handle.name()));
    run.refuseEnded();
    return run;
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException {
    live(handle).signal(signal, deadline);
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Optional<LaunchdRun> run = find(handle);
    Map<String, String> details = new LinkedHashMap<>();
    details.put("job", handle.get(LaunchdRun.TARGET).orElse(""));
    details.put("property list", handle.get(LaunchdRun.FILE).orElse(""));
    details.put("log", handle.get(LaunchdRun.LOG).orElse(""));
    if (run.isEmpty() || run.get().hasEnded()) {
      return new PlatformStatus(
          PlatformStatus.State.ENDED, OptionalLong.empty(), "", List.of(), details);
    }
    Optional<Printed> now = launchctl.print(handle.get(LaunchdRun.TARGET).orElse(""), deadline);
    now.ifPresent(
        said -> {
          details.put("state", said.state());
          details.put("runs", Long.toString(said.runs()));
        });
    return new PlatformStatus(
        run.get().isPaused() ? PlatformStatus.State.PAUSED : PlatformStatus.State.RUNNING,
        run.get().handle().pid(),
        "",
        JobLimits.of(run.get().spec().config(), now.map(Printed::limits).orElse(Map.of())),
        details);
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    Optional<LaunchdRun> run = find(handle);
    if (run.isPresent()) {
      run.get().stop(stopSignal, timeout);
    }
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Optional<LaunchdRun> run = find(handle);
    if (run.isPresent()) {
      run.get().kill(deadline);
    }
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    live(handle).pause(deadline);
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    live(handle).resume(deadline);
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    LaunchdRun run = runs.get(handle.name());
    if (gone || run == null || run.handle().generation() != handle.generation()) {
      return java.util.concurrent.CompletableFuture.failedStage(
          new AdapterGone(NAME, handle.name()));
    }
    return run.exit();
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException {
    LaunchdRun run = live(handle);
    List<ProcessHandle> tree = run.tree(deadline);
    long resident =
        Processes.marked(RunMark.of(run.spec()).value()::equals, deadline).stream()
            .mapToLong(Processes.Marked::residentKib)
            .sum();
    long cpu =
        tree.stream()
            .mapToLong(p -> p.info().totalCpuDuration().map(Duration::toNanos).orElse(0L))
            .sum();
    long unknown = UsageSample.UNKNOWN;
    return new UsageSample(
        Instant.now(),
        cpu,
        resident == 0 ? unknown : resident * 1024,
        tree.size(),
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown,
        unknown);
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    refuseGone(handle.name());
    Path file = Path.of(handle.get(LaunchdRun.LOG).orElse(""));
    return query -> FileLog.open(file, query);
  }

  @Override
  public List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException {
    throw Faults.notSupported(
        handle.name(), "limits that change while a job runs", "deploy it again");
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Optional<LaunchdRun> run = find(handle);
    if (run.isPresent() && !run.get().hasEnded()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, handle.name(), "is still running", "stop it first");
    }
    String target = handle.get(LaunchdRun.TARGET).orElse("");
    String file = handle.get(LaunchdRun.FILE).orElse("");
    Optional<Printed> present = launchctl.print(target, deadline);
    if (present.filter(p -> p.path().equals(file) && p.pid().isEmpty()).isPresent()) {
      var _ = launchctl.call(deadline, "bootout", target);
      awaitGone(target, handle.name(), deadline);
    }
    try {
      Files.deleteIfExists(Path.of(file));
      if (run.isPresent()) {
        Files.deleteIfExists(run.get().spec().pidFile());
      }
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.IO, handle.name(), "its files stay: " + e, "", e);
    }
    run.ifPresent(r -> runs.remove(handle.name(), r));
  }

  @Deactivate
  void deactivate() {
    gone = true;
    runs.values().forEach(LaunchdRun::leave);
    ends.forget();
    threads.shutdown();
  }
}
