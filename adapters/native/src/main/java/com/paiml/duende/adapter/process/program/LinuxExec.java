package com.paiml.duende.adapter.process.program;

import com.paiml.duende.adapter.process.Faults;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.Pipe;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.ProcessIdentity;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import com.paiml.duende.linux.process.Stdio;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.support.program.ProgramFile;
import com.paiml.duende.support.program.RunMark;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs a command beside a daemon: its environment and working directory, a tree of its own that is gone at the end. */
final class LinuxExec {
  private static final int MAX_OUTPUT = 4096;
  private static final int SIGKILL = 9;
  private static final Duration AFTER_KILL = Duration.ofSeconds(5);

  private final Linux linux;
  private final Spawner spawner;
  private final EventLoop loop;
  private final Confiner confiner;

  /** How a command is confined: as its daemon is. */
  @FunctionalInterface
  interface Confiner {
    Confinement of(LaunchSpec spec, Path program, Optional<LimitGroup> group)
        throws DaemonException;
  }

  LinuxExec(Linux linux, Spawner spawner, EventLoop loop, Confiner confiner) {
    this.linux = linux;
    this.spawner = spawner;
    this.loop = loop;
    this.confiner = confiner;
  }

  ExecResult run(
      LaunchSpec spec, Optional<LimitGroup> group, List<String> command, Deadline deadline)
      throws DaemonException {
    if (command.isEmpty()) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION, spec.name(), "an empty command", "write program and arguments");
    }
    // A mark of its own: what it leaves behind is its own, and not the daemon's.
    RunMark mark =
        new RunMark(spec.instance().id(), spec.name() + "!" + System.nanoTime(), spec.generation());
    Path program = ProgramFile.find(command.get(0), spec);
    try (Pipe pipe = linux.pipe()) {
      SpawnRequest request =
          SpawnRequest.of(command.get(0), program, command.subList(1, command.size()))
              .withConfinement(confiner.of(spec, program, group))
              .withEnvironment(mark.addTo(spec.env(), Programs.MARK, List.of()))
              .withWorkingDirectory(ProgramFile.workingDirectory(spec))
              .withStdio(
                  new Stdio.Null(), new Stdio.Handed(pipe.sink()), new Stdio.Handed(pipe.sink()))
              .withDeadline(deadline.remaining());
      try (Pidfd process = spawner.spawn(request)) {
        pipe.sink().close();
        return watch(spec, mark, pipe, process, deadline);
      }
    } catch (LinuxException refused) {
      throw KernelFaults.of(ErrorCode.SPAWN, spec.name(), refused);
    }
  }

  private ExecResult watch(
      LaunchSpec spec, RunMark mark, Pipe pipe, Pidfd process, Deadline deadline)
      throws LinuxException, DaemonException {
    ProcessIdentity identity = linux.processes().identify(process);
    Output output = new Output();
    CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
    boolean timedOut = false;
    try (Watch reading =
            loop.watch(
                "output of a command", pipe.source(), Readiness.IN, r -> drain(pipe, output));
        Watch ending = linux.processes().onExit(loop, process, exit::complete)) {
      ExitStatus status;
      try {
        status = exit.get(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
      } catch (TimeoutException late) {
        timedOut = true;
        killTree(process, identity, mark);
        status = exit.get(AFTER_KILL.toNanos(), TimeUnit.NANOSECONDS);
      }
      killTree(process, identity, mark);
      drain(pipe, output);
      return new ExecResult(code(status), timedOut, output.text());
    } catch (TimeoutException stuck) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          spec.name(),
          "its command (pid " + process.pid() + ") cannot be killed",
          "it waits for a device; see /proc/" + process.pid() + "/wchan",
          stuck);
    } catch (InterruptedException e) {
      try {
        killTree(process, identity, mark);
      } catch (LinuxException refused) {
        e.addSuppressed(refused);
      }
      throw Faults.interrupted(spec.name(), "its command");
    } catch (ExecutionException impossible) {
      throw new DaemonException(
          ErrorCode.INTERNAL, spec.name(), "its command was lost", "report this", impossible);
    }
  }

  /** The head of what it writes; the rest is read and dropped. */
  private static final class Output {
    private final ByteArrayOutputStream head = new ByteArrayOutputStream();

    synchronized void add(byte[] bytes, int count) {
      head.write(bytes, 0, Math.min(count, MAX_OUTPUT - head.size()));
    }

    synchronized String text() {
      return head.toString(StandardCharsets.UTF_8);
    }
  }

  private static int code(ExitStatus status) {
    return switch (status) {
      case ExitStatus.Exited(int code) -> code;
      case ExitStatus.Signaled(int signal, boolean core) -> 128 + signal;
      case ExitStatus.Unknown unknown -> 255;
    };
  }

  private static void drain(Pipe pipe, Output output) throws LinuxException {
    byte[] buffer = new byte[8192];
    try {
      // A command that floods is read again at the loop's next turn.
      for (int i = 0; i < 16; i++) {
        int n = pipe.source().read(buffer, 0, buffer.length);
        if (n <= 0) {
          return;
        }
        output.add(buffer, n);
      }
    } catch (LinuxException refused) {
      KernelFaults.unlessClosed(pipe.source(), refused);
    }
  }

  /** Kills it and everything that it has started, until nothing is left. */
  private void killTree(Pidfd process, ProcessIdentity identity, RunMark mark)
      throws LinuxException, DaemonException {
    Deadline end = Deadline.after(AFTER_KILL);
    var _ = process.sendSignal(SIGKILL);
    try {
      while (!end.hasPassed()) {
        List<ProcessTable.Entry> left =
            ProcessTable.read().tree(identity.pid(), identity.startTime(), mark);
        if (left.isEmpty()) {
          return;
        }
        TreeSignal.send(linux.processes(), left, identity.bootId(), SIGKILL);
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.STATUS, "/proc", "cannot be read: " + e.getMessage(), "", e);
    }
  }
}
