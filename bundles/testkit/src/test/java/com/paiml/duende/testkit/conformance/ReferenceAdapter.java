package com.paiml.duende.testkit.conformance;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
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
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An adapter that keeps the whole contract with nothing but ProcessBuilder, /proc and kill(1): slow, plain, and only there to
 * hold the kit against. It finds the processes of a run by a variable of their environment.
 */
final class ReferenceAdapter implements PlatformAdapter, AutoCloseable {
  static final String PLATFORM_NAME = "reference";
  static final String RUN = "REFERENCE_RUN";
  static final String INSTANCE = "REFERENCE_INSTANCE";

  private final Map<DaemonHandle, Life> lives = new ConcurrentHashMap<>();
  private final boolean tendsTrees;
  private volatile boolean gone;

  /** @param tendsTrees whether it ends what a main process leaves behind, as it should */
  ReferenceAdapter(boolean tendsTrees) {
    this.tendsTrees = tendsTrees;
  }

  /** What is known of a run. */
  private static final class Life {
    final LaunchSpec spec;
    final CompletableFuture<ExitReason> exit = new CompletableFuture<>();
    volatile String statusText = "";
    volatile Process receiver;

    Life(LaunchSpec spec) {
      this.spec = spec;
    }
  }

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    Set<Capability> can =
        EnumSet.of(
            Capability.SIGNAL,
            Capability.KILL,
            Capability.PAUSE,
            Capability.RECOVER,
            Capability.EXEC,
            Capability.LOGS,
            Capability.USAGE,
            Capability.READINESS_NOTIFY,
            Capability.READINESS_FD,
            Capability.WATCHDOG,
            Capability.WORKING_DIR,
            Capability.LIMIT_OPEN_FILES,
            Capability.UPDATE_LIMITS);
    return new Fingerprint(
        true,
        "1",
        false,
        "",
        Map.of(Payload.Kind.PROGRAM, can),
        Map.of(Capability.TRACE, "nobody wrote it; use another adapter"),
        Map.of());
  }

  @Override
  public TableSchema schema() {
    return new TableSchema(
        PLATFORM_NAME,
        List.of(TableSchema.Key.of("shell", TableSchema.Type.STRING, "/bin/sh", "the shell")));
  }

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    here(spec.name());
    if (!(spec.payload() instanceof Payload.Program program)) {
      throw fault(ErrorCode.NOT_SUPPORTED, spec.name(), "is not a program");
    }
    String run = UUID.randomUUID().toString();
    Life life = new Life(spec);
    try {
      Path path = Path.of(program.path()).toRealPath();
      if (!Files.isExecutable(path)) {
        throw fault(ErrorCode.SPAWN, spec.name(), "is not executable: " + program.path());
      }
      Path directory =
          spec.config().workingDir().isEmpty()
              ? spec.stateDirectory()
              : Path.of(spec.config().workingDir());
      ProcessBuilder builder =
          new ProcessBuilder(command(spec, program.path()))
              .directory(directory.toFile())
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(spec.logFile().toFile()));
      Map<String, String> env = builder.environment();
      env.clear();
      for (String variable : spec.env()) {
        int equals = variable.indexOf('=');
        env.put(variable.substring(0, equals), variable.substring(equals + 1));
      }
      env.put(RUN, run);
      env.put(INSTANCE, spec.instance().id());
      if (spec.config().readiness().type() == Readiness.Type.NOTIFY) {
        env.put("NOTIFY_SOCKET", notifySocket(spec).toString());
        receive(life, events);
      }
      if (spec.config().readiness().type() == Readiness.Type.FD) {
        awaitLine(life, events);
      }
      Process process = builder.start();
      Map<String, String> data = new HashMap<>();
      data.put(DaemonHandle.PID, Long.toString(process.pid()));
      data.put("start", Proc.stat(process.pid(), 22));
      data.put("run", run);
      DaemonHandle handle =
          new DaemonHandle(PLATFORM_NAME, spec.name(), spec.id(), spec.generation(), data);
      Files.writeString(pidFile(spec), process.pid() + "\n");
      lives.put(handle, life);
      process
          .onExit()
          .thenAcceptAsync(
              p -> ended(handle, life, reason(p.exitValue())), Thread::startVirtualThread);
      return handle;
    } catch (IOException | RuntimeException e) {
      release(life);
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "cannot be started: " + shortened(String.valueOf(e.getMessage())),
          "mend its file",
          e);
    }
  }

  private static List<String> command(LaunchSpec spec, String path) throws IOException {
    StringBuilder before = new StringBuilder();
    if (spec.config().isWritten("resources.open_files")) {
      before.append("ulimit -n ").append(spec.config().resources().openFiles()).append(" && ");
    }
    if (spec.config().readiness().type() == Readiness.Type.FD) {
      Path fifo = spec.runDirectory().resolve("ready");
      run("/usr/bin/mkfifo", fifo.toString());
      before.append("exec 3>'").append(fifo).append("' && ");
    }
    List<String> command = new ArrayList<>();
    if (!before.isEmpty()) {
      command.addAll(List.of("/bin/sh", "-c", before + "exec \"$@\"", "sh"));
    }
    command.add(path);
    command.addAll(spec.args());
    return command;
  }

  private static void run(String... command) throws IOException {
    try {
      Process p = new ProcessBuilder(command).inheritIO().start();
      if (!p.waitFor(30, TimeUnit.SECONDS) || p.exitValue() != 0) {
        throw new IOException(command[0] + " failed");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  private static Path notifySocket(LaunchSpec spec) {
    return spec.runDirectory().resolve("notify.sock");
  }

  private static Path pidFile(LaunchSpec spec) {
    return spec.runDirectory().resolve(spec.name() + ".pid");
  }

  /** Java has no datagram sockets of the unix family: Perl has. */
  private static void receive(Life life, AdapterEvents events) throws IOException {
    String script =
        """
        use Socket; $| = 1; unlink $ARGV[0];
        socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($ARGV[0])) or die $!;
        print "bound\\n"; while (defined recv($s, my $m, 4096, 0)) { print "$m\\n" }
        """;
    Process receiver =
        new ProcessBuilder("/usr/bin/perl", "-e", script, notifySocket(life.spec).toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    life.receiver = receiver;
    BufferedReader lines = receiver.inputReader();
    lines.readLine();
    Thread.startVirtualThread(
        () ->
            lines
                .lines()
                .forEach(
                    line -> {
                      if (line.equals("READY=1")) {
                        events.ready();
                      } else if (line.equals("WATCHDOG=1")) {
                        events.heartbeat();
                      } else if (line.startsWith("STATUS=")) {
                        life.statusText = line.substring(7);
                        events.statusText(life.statusText);
                      }
                    }));
  }

  private static void awaitLine(Life life, AdapterEvents events) {
    Path fifo = life.spec.runDirectory().resolve("ready");
    Thread thread =
        new Thread(
            () -> {
              try (BufferedReader in = Files.newBufferedReader(fifo)) {
                if (in.readLine() != null) {
                  events.ready();
                }
              } catch (IOException e) {
                System.getLogger("reference").log(System.Logger.Level.WARNING, "readiness", e);
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private void ended(DaemonHandle handle, Life life, ExitReason reason) {
    if (gone) {
      return;
    }
    try {
      if (tendsTrees) {
        killTree(handle);
      }
    } catch (IOException | InterruptedException e) {
      System.getLogger("reference").log(System.Logger.Level.WARNING, "tree", e);
    }
    release(life);
    life.exit.complete(reason);
  }

  private static void release(Life life) {
    Process receiver = life.receiver;
    if (receiver != null) {
      receiver.destroyForcibly();
    }
  }

  private void killTree(DaemonHandle handle) throws IOException, InterruptedException {
    while (true) {
      List<Long> tree = tree(handle);
      if (tree.isEmpty()) {
        return;
      }
      tree.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
      Thread.sleep(2);
    }
  }

  private static List<Long> tree(DaemonHandle handle) throws IOException {
    return Proc.with(RUN + "=" + handle.get("run").orElseThrow());
  }

  private static ExitReason reason(int status) {
    return status > 128 && status <= 128 + 31
        ? new ExitReason.Signalled(status - 128, false)
        : ExitReason.ofCode(status);
  }

  private static boolean isAlive(DaemonHandle handle) {
    long pid = handle.pid().orElseThrow();
    return Proc.stat(pid, 22).equals(handle.get("start").orElse("?"))
        && !Proc.stat(pid, 3).equals("Z")
        && Proc.environment(pid).contains(RUN + "=" + handle.get("run").orElseThrow());
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    here(spec.name());
    if (!isAlive(handle)) {
      return new Recovery.Lost("its process ended while nobody looked");
    }
    Life life = new Life(spec);
    if (spec.config().readiness().type() == Readiness.Type.NOTIFY) {
      try {
        receive(life, events);
      } catch (IOException e) {
        throw new DaemonException(ErrorCode.IO, spec.name(), "no socket", "look at it", e);
      }
    }
    lives.put(handle, life);
    ProcessHandle.of(handle.pid().orElseThrow())
        .ifPresentOrElse(
            p ->
                p.onExit()
                    .thenRunAsync(
                        () -> ended(handle, life, new ExitReason.Unknown("not our child")),
                        Thread::startVirtualThread),
            () -> ended(handle, life, new ExitReason.Unknown("not our child")));
    return new Recovery.Running(handle, isPaused(handle));
  }

  @Override
  public void recoveryComplete(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    here(instance.id());
    try {
      for (long pid : Proc.with(INSTANCE + "=" + instance.id())) {
        List<String> env = Proc.environment(pid);
        if (kept.stream().noneMatch(h -> env.contains(RUN + "=" + h.get("run").orElse("?")))) {
          ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
          while (!Proc.environment(pid).equals(List.of("")) && !Proc.environment(pid).isEmpty()) {
            Thread.sleep(2);
          }
        }
      }
    } catch (IOException | InterruptedException e) {
      throw new DaemonException(ErrorCode.IO, instance.id(), "leftovers", "look at /proc", e);
    }
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException {
    here(handle.name());
    if (!isAlive(handle)) {
      throw fault(ErrorCode.INVALID_STATE, handle.name(), "has ended");
    }
    send(handle.pid().orElseThrow(), signal.name(), handle.name());
  }

  private static void send(long pid, String signal, String name) throws DaemonException {
    try {
      if (!Proc.signal(pid, signal) && ProcessHandle.of(pid).isPresent()) {
        throw fault(ErrorCode.SIGNAL, name, "was not reached by " + signal);
      }
    } catch (IOException | InterruptedException e) {
      throw new DaemonException(ErrorCode.SIGNAL, name, "not reached", "look at it", e);
    }
  }

  private static boolean isPaused(DaemonHandle handle) {
    return Proc.stat(handle.pid().orElseThrow(), 3).equals("T");
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Life life = life(handle);
    PlatformStatus.State state =
        !isAlive(handle)
            ? PlatformStatus.State.ENDED
            : isPaused(handle) ? PlatformStatus.State.PAUSED : PlatformStatus.State.RUNNING;
    OptionalLong pid = state == PlatformStatus.State.ENDED ? OptionalLong.empty() : handle.pid();
    return new PlatformStatus(
        state,
        pid,
        life.statusText,
        limits(handle, life.spec.config().resources()),
        Map.of("run", handle.get("run").orElseThrow()));
  }

  private static List<LimitReport> limits(DaemonHandle handle, Resources asked) {
    Path file = Path.of("/proc/" + handle.pid().orElseThrow() + "/limits");
    try {
      String line =
          Files.readString(file)
              .lines()
              .filter(l -> l.startsWith("Max open files"))
              .findFirst()
              .orElseThrow();
      return List.of(
          new LimitReport(
              "resources.open_files",
              Long.toString(asked.openFiles()),
              line.split(" {2,}")[1],
              file.toString(),
              true,
              ""));
    } catch (IOException e) {
      return List.of();
    }
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    Life life = life(handle);
    if (isAlive(handle)) {
      send(handle.pid().orElseThrow(), stopSignal.name(), handle.name());
      resume(handle, Deadline.after(timeout));
      try {
        life.exit.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException e) {
        // It has had its time.
      } catch (ExecutionException e) {
        throw new AdapterGone(PLATFORM_NAME, handle.name());
      } catch (InterruptedException e) {
        throw fault(ErrorCode.TIMEOUT, handle.name(), "the wait for its end was interrupted");
      }
    }
    kill(handle, Deadline.after(Duration.ofSeconds(30)));
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Life life = life(handle);
    try {
      if (life == UNKNOWN) {
        return;
      }
      if (tendsTrees) {
        killTree(handle);
      } else if (isAlive(handle)) {
        ProcessHandle.of(handle.pid().orElseThrow()).ifPresent(ProcessHandle::destroyForcibly);
      }
      life.exit.get(Math.max(1, deadline.remaining().toMillis()), TimeUnit.MILLISECONDS);
    } catch (IOException | InterruptedException | TimeoutException e) {
      throw new DaemonException(ErrorCode.TIMEOUT, handle.name(), "is not gone", "look at it", e);
    } catch (ExecutionException e) {
      throw new AdapterGone(PLATFORM_NAME, handle.name());
    }
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    toTree(handle, "STOP");
    while (!isPaused(handle)) {
      Thread.onSpinWait();
      if (deadline.hasPassed()) {
        throw fault(ErrorCode.TIMEOUT, handle.name(), "does not stop");
      }
    }
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    if (isAlive(handle)) {
      try {
        toTree(handle, "CONT");
      } catch (DaemonException refused) {
        // What has ended meanwhile needs no going on.
        if (isAlive(handle)) {
          throw refused;
        }
      }
    }
  }

  private void toTree(DaemonHandle handle, String signal) throws DaemonException {
    here(handle.name());
    if (!isAlive(handle)) {
      throw fault(ErrorCode.INVALID_STATE, handle.name(), "has ended");
    }
    try {
      for (long pid : tree(handle)) {
        send(pid, signal, handle.name());
      }
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.SIGNAL, handle.name(), "no tree", "look at it", e);
    }
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    return lives.getOrDefault(handle, UNKNOWN).exit;
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    long ticks = 0;
    long pages = 0;
    List<Long> tree;
    try {
      tree = tree(handle);
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.STATUS, handle.name(), "no tree", "look at it", e);
    }
    for (long pid : tree) {
      for (int field = 14; field <= 17; field++) {
        String value = Proc.stat(pid, field);
        ticks += value.isEmpty() ? 0 : Long.parseLong(value);
      }
      String rss = Proc.stat(pid, 24);
      pages += rss.isEmpty() ? 0 : Long.parseLong(rss);
    }
    return new UsageSample(
        Instant.now(),
        ticks * 10_000_000L,
        pages * 4096,
        tree.size(),
        -1,
        -1,
        -1,
        -1,
        -1,
        -1,
        -1,
        -1,
        -1,
        -1);
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    Life life = life(handle);
    return query -> new FileLog(life.spec.logFile(), query);
  }

  @Override
  public List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException {
    here(handle.name());
    try {
      run(
          "/usr/bin/prlimit",
          "--nofile=" + resources.openFiles(),
          "--pid",
          Long.toString(handle.pid().orElseThrow()));
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.RESOURCE_LIMIT, handle.name(), "no", "look at it", e);
    }
    return limits(handle, resources);
  }

  @Override
  public ExecResult exec(DaemonHandle handle, List<String> command, Deadline deadline)
      throws DaemonException {
    Life life = life(handle);
    String mark = UUID.randomUUID().toString();
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().clear();
      life.spec
          .env()
          .forEach(v -> builder.environment().put(v.split("=", 2)[0], v.split("=", 2)[1]));
      builder.environment().put(RUN, mark);
      Process process = builder.start();
      CompletableFuture<String> output = new CompletableFuture<>();
      Thread.startVirtualThread(
          () -> {
            try (InputStream in = process.getInputStream()) {
              String head = new String(in.readNBytes(4096), StandardCharsets.UTF_8);
              in.transferTo(java.io.OutputStream.nullOutputStream());
              output.complete(head);
            } catch (IOException e) {
              output.complete("");
            }
          });
      boolean ended = process.waitFor(deadline.remaining().toMillis(), TimeUnit.MILLISECONDS);
      for (List<Long> left = Proc.with(RUN + "=" + mark);
          !left.isEmpty();
          left = Proc.with(RUN + "=" + mark)) {
        left.forEach(p -> ProcessHandle.of(p).ifPresent(ProcessHandle::destroyForcibly));
      }
      return new ExecResult(process.waitFor(), !ended, output.join());
    } catch (IOException | InterruptedException e) {
      throw new DaemonException(ErrorCode.SPAWN, handle.name(), "no command", "look at it", e);
    }
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    Life life = life(handle);
    try {
      if (life != UNKNOWN) {
        for (String file : List.of(life.spec.name() + ".pid", "notify.sock", "ready")) {
          Files.deleteIfExists(life.spec.runDirectory().resolve(file));
        }
      }
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.IO, handle.name(), "leftovers", "look at it", e);
    }
  }

  /** Deactivation: processes go on. */
  @Override
  public void close() {
    gone = true;
    lives.forEach(
        (handle, life) -> {
          release(life);
          life.exit.completeExceptionally(new AdapterGone(PLATFORM_NAME, handle.name()));
        });
  }

  private static final Life UNKNOWN = new Life(null);

  private Life life(DaemonHandle handle) throws AdapterGone {
    here(handle.name());
    return lives.getOrDefault(handle, UNKNOWN);
  }

  private void here(String thing) throws AdapterGone {
    if (gone) {
      throw new AdapterGone(PLATFORM_NAME, thing);
    }
  }

  private static DaemonException fault(ErrorCode code, String thing, String problem) {
    return new DaemonException(code, thing, problem, "look at it");
  }

  private static String shortened(String text) {
    return text.length() <= 200 ? text : text.substring(0, 200) + "…";
  }
}
