package com.paiml.duende.adapter.process.program;

import com.paiml.duende.adapter.process.Faults;
import com.paiml.duende.adapter.process.NativeAdapter;
import com.paiml.duende.adapter.process.Run;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.support.program.PidFile;
import com.paiml.duende.support.program.ProgramFile;
import com.paiml.duende.support.program.RunMark;
import com.paiml.duende.support.rotation.LogBooks;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Programs where there is no Linux: by ProcessBuilder and ProcessHandle, and with what those can. */
public final class PortablePrograms implements Programs {
  private static final int MAX_OUTPUT = 4096;

  /** In a handle: when the process began, milliseconds, as the system tells. */
  private static final String STARTED = "started";

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
              Capability.WORKING_DIR));

  private final LogBooks logs;
  private final String reason;

  /** @param reason why there is nothing better */
  public PortablePrograms(LogBooks logs, String reason) {
    this.logs = logs;
    this.reason = reason;
  }

  @Override
  public String describe() {
    return "ProcessBuilder and ProcessHandle (" + reason + ")";
  }

  @Override
  public Set<Capability> capabilities() {
    return CAPABILITIES;
  }

  @Override
  public Map<Capability, String> missing() {
    Map<Capability, String> all = new EnumMap<>(Capability.class);
    for (Capability capability : Capability.values()) {
      if (!CAPABILITIES.contains(capability)) {
        all.put(capability, "programs have it on Linux only; " + reason);
      }
    }
    return all;
  }

  LogBooks logs() {
    return logs;
  }

  @Override
  public Run start(
      LaunchSpec spec, Payload.Program program, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    List<String> command = new ArrayList<>();
    command.add(ProgramFile.find(program.path(), spec).toString());
    command.addAll(spec.args());
    Path log = logs.attach(spec.logFile(), spec.config().log()).file();
    Process process;
    try {
      process =
          builder(spec, command, RunMark.of(spec))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
    } catch (IOException refused) {
      logs.detach(log);
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "cannot be started: " + refused.getMessage(),
          "see that the program is there and may be executed, and its working directory too",
          refused);
    }
    boolean done = false;
    try {
      PidFile.write(spec.pidFile(), process.pid(), spec.name());
      PortableRun run =
          new PortableRun(handle(spec, process.toHandle()), spec, this, process.toHandle(), false);
      run.begin(process.onExit().thenApply(p -> Optional.of(p.exitValue())));
      done = true;
      return run;
    } finally {
      if (!done) {
        var _ = process.destroyForcibly();
        logs.detach(log);
      }
    }
  }

  private static ProcessBuilder builder(LaunchSpec spec, List<String> command, RunMark mark)
      throws DaemonException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(ProgramFile.workingDirectory(spec).toFile())
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    builder.environment().clear();
    for (String variable : mark.addTo(spec.env(), Programs.MARK, List.of())) {
      int equals = variable.indexOf('=');
      builder.environment().put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    return builder;
  }

  private static DaemonHandle handle(LaunchSpec spec, ProcessHandle process) {
    return new DaemonHandle(
        NativeAdapter.NAME,
        spec.name(),
        spec.id(),
        spec.generation(),
        Map.of(
            NativeAdapter.KIND,
            KIND,
            NativeAdapter.LOG,
            spec.logFile().toString(),
            DaemonHandle.PID,
            Long.toString(process.pid()),
            STARTED,
            Birth.of(process)));
  }

  void ended(PortableRun run) {
    logs.detach(run.spec().logFile());
  }

  /** kill(1): the JDK itself knows TERM and KILL only. */
  void kill(String daemon, Signal signal, List<ProcessHandle> processes, Deadline deadline)
      throws DaemonException {
    List<String> command = new ArrayList<>(List.of("/bin/kill", "-" + signal.name()));
    for (ProcessHandle process : processes) {
      if (process.isAlive()) {
        command.add(Long.toString(process.pid()));
      }
    }
    if (command.size() == 2) {
      return;
    }
    try {
      Process kill =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!kill.waitFor(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
        var _ = kill.destroyForcibly();
        throw Faults.timeout(daemon, "kill -" + signal);
      }
      if (kill.exitValue() != 0 && processes.stream().allMatch(ProcessHandle::isAlive)) {
        throw new DaemonException(
            ErrorCode.SIGNAL,
            daemon,
            "kill -" + signal + " was refused",
            "see whose process it is");
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.SIGNAL, daemon, "/bin/kill: " + e.getMessage(), "install it", e);
    } catch (InterruptedException e) {
      throw Faults.interrupted(daemon, "kill -" + signal);
    }
  }

  ExecResult exec(LaunchSpec spec, List<String> command, Deadline deadline) throws DaemonException {
    if (command.isEmpty()) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION, spec.name(), "an empty command", "write program and arguments");
    }
    List<String> whole = new ArrayList<>(command);
    whole.set(0, ProgramFile.find(command.get(0), spec).toString());
    try {
      // A mark of its own: what it leaves behind is its own, and not the daemon's.
      RunMark mark =
          new RunMark(
              spec.instance().id(), spec.name() + "!" + System.nanoTime(), spec.generation());
      Process process = builder(spec, whole, mark).redirectErrorStream(true).start();
      CompletableFuture<String> head = CompletableFuture.supplyAsync(() -> head(process));
      boolean inTime = process.waitFor(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
      List<ProcessHandle> children;
      try (Stream<ProcessHandle> below = process.descendants()) {
        children = below.toList();
      }
      children.forEach(ProcessHandle::destroyForcibly);
      if (!inTime) {
        var _ = process.destroyForcibly();
      }
      int code = process.waitFor();
      MarkedProcesses.find(mark.value()::equals).forEach(m -> m.process().destroyForcibly());
      for (ProcessHandle child : children) {
        var _ = child.onExit().get(5, TimeUnit.SECONDS);
      }
      return new ExecResult(code, !inTime, head.get(5, TimeUnit.SECONDS));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.SPAWN, spec.name(), "its command: " + e.getMessage(), "correct it", e);
    } catch (InterruptedException e) {
      throw Faults.interrupted(spec.name(), "its command");
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      throw new DaemonException(
          ErrorCode.TIMEOUT, spec.name(), "its command left a process behind: " + e, "see it", e);
    }
  }

  private static String head(Process process) {
    try (InputStream in = process.getInputStream()) {
      byte[] head = in.readNBytes(MAX_OUTPUT);
      var _ = in.transferTo(java.io.OutputStream.nullOutputStream());
      return new String(head, StandardCharsets.UTF_8);
    } catch (IOException closed) {
      return "";
    }
  }

  @Override
  public Found recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    Optional<ProcessHandle> found =
        handle.pid().isPresent()
            ? ProcessHandle.of(handle.pid().getAsLong())
                .filter(ProcessHandle::isAlive)
                .filter(p -> Birth.is(p, handle.get(STARTED).orElse("")))
            : Optional.empty();
    if (found.isEmpty()) {
      try {
        if (handle.pid().isPresent()) {
          PidFile.remove(spec.pidFile(), handle.pid().getAsLong());
        }
      } catch (IOException e) {
        throw new DaemonException(
            ErrorCode.IO, spec.pidFile().toString(), "stays: " + e.getMessage(), "", e);
      }
      return new Found(
          new Recovery.Lost("it ended while nobody watched, and only its parent was told how"),
          Optional.empty());
    }
    var _ = logs.attach(spec.logFile(), spec.config().log());
    PidFile.write(spec.pidFile(), found.get().pid(), spec.name());
    boolean paused = isStopped(found.get(), spec);
    PortableRun run = new PortableRun(handle, spec, this, found.get(), paused);
    run.begin(found.get().onExit().thenApply(p -> Optional.empty()));
    return new Found(new Recovery.Running(handle, paused), Optional.of(run));
  }

  private static boolean isStopped(ProcessHandle process, LaunchSpec spec) throws DaemonException {
    try {
      return MarkedProcesses.find(RunMark.of(spec).value()::equals).stream()
          .anyMatch(m -> m.process().equals(process) && m.stopped());
    } catch (IOException e) {
      throw unreadable(spec.name(), e);
    }
  }

  private static DaemonException unreadable(String thing, IOException e) {
    return new DaemonException(
        ErrorCode.STATUS,
        thing,
        "ps does not tell: " + e.getMessage(),
        "see whether it is installed",
        e);
  }

  @Override
  public void sweep(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    Set<String> keptMarks =
        kept.stream().map(h -> RunMark.of(instance, h).value()).collect(Collectors.toSet());
    try {
      while (true) {
        List<MarkedProcesses.Marked> strays =
            MarkedProcesses.find(
                mark -> RunMark.belongsTo(instance, mark) && !keptMarks.contains(mark));
        if (strays.isEmpty()) {
          return;
        }
        if (deadline.hasPassed()) {
          throw Faults.timeout("native", "processes of no daemon would not die: " + strays);
        }
        strays.forEach(s -> s.process().destroyForcibly());
      }
    } catch (IOException e) {
      throw unreadable("native", e);
    }
  }

  @Override
  public void close() {
    // The JDK's own reaper goes on; nobody listens to it any more.
  }
}
