package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.ProcessIdentity;
import com.paiml.duende.linux.process.Processes;
import com.paiml.duende.linux.process.SuccessionWatch;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Processes by number, by identity, and their ends. */
final class KernelProcesses implements Processes {
  private final Kernel kernel;
  private final ProcFiles proc;

  KernelProcesses(Kernel kernel) {
    this.kernel = kernel;
    this.proc = new ProcFiles(kernel);
  }

  @Override
  public Pidfd open(int pid) throws LinuxException {
    return KernelPidfd.open(kernel, pid);
  }

  @Override
  public Optional<Pidfd> open(ProcessIdentity identity) throws LinuxException {
    if (!proc.bootId().equals(identity.bootId())) {
      return Optional.empty();
    }
    Pidfd process;
    try {
      process = open(identity.pid());
    } catch (LinuxException refused) {
      // EINVAL, and ENOENT since 6.13: the number is a thread's now.
      if (refused.is(Errno.ESRCH) || refused.is(Errno.EINVAL) || refused.is(Errno.ENOENT)) {
        return Optional.empty();
      }
      throw refused;
    }
    try {
      if (startTime(process).filter(start -> start == identity.startTime()).isPresent()) {
        return Optional.of(process);
      }
    } catch (LinuxException | RuntimeException fault) {
      process.close();
      throw fault;
    }
    process.close();
    return Optional.empty();
  }

  @Override
  public ProcessIdentity identify(Pidfd process) throws LinuxException {
    long start =
        startTime(process)
            .orElseThrow(
                () ->
                    Kernel.error(
                        -Errno.ESRCH.number(), "open", "/proc/" + process.pid() + "/stat"));
    return new ProcessIdentity(process.pid(), start, proc.bootId());
  }

  /**
   * The start time of the very process that the pidfd holds. The file is found by number, so the
   * number must still be held after reading: signal 0 through the pidfd proves that.
   */
  private Optional<Long> startTime(Pidfd process) throws LinuxException {
    Optional<Long> start = proc.startTime(process.pid());
    boolean held;
    try {
      held = process.sendSignal(0);
    } catch (LinuxException refused) {
      if (!refused.is(Errno.EPERM)) {
        throw refused;
      }
      held = true;
    }
    return held ? start : Optional.empty();
  }

  @Override
  public Watch onExit(EventLoop loop, Pidfd process, Consumer<ExitStatus> then)
      throws LinuxException {
    return onEnd(loop, process, (status, _) -> then.accept(status));
  }

  @Override
  public SuccessionWatch onEnd(
      EventLoop loop, Pidfd process, BiConsumer<ExitStatus, Optional<Pidfd>> then)
      throws LinuxException {
    if (!(loop instanceof EpollLoop epoll)) {
      throw new IllegalArgumentException("an event loop of this bundle is needed");
    }
    return ExitWatch.begin(kernel, epoll, process, proc, then);
  }
}
