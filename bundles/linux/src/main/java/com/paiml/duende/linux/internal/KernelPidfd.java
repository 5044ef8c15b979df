package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;

/** pidfd_open(2) and what can be done with one. */
final class KernelPidfd implements Pidfd {
  private static final int P_PIDFD = 3;
  private static final int WNOHANG = 1;
  private static final int WEXITED = 4;
  static final int PIDFD_SIGNAL_PROCESS_GROUP = 1 << 2;

  private final Kernel kernel;
  private final int pid;
  private final Fd fd;
  private volatile boolean reaped;

  KernelPidfd(Kernel kernel, int pid, Fd fd) {
    this.kernel = kernel;
    this.pid = pid;
    this.fd = fd;
  }

  static KernelPidfd open(Kernel kernel, int pid) throws LinuxException {
    long fd = kernel.raw(Call.PIDFD_OPEN, pid, 0);
    return new KernelPidfd(
        kernel, pid, new Fd(kernel, (int) Kernel.check(fd, Call.PIDFD_OPEN, "pid " + pid)));
  }

  @Override
  public int pid() {
    return pid;
  }

  @Override
  public Descriptor descriptor() {
    return fd;
  }

  @Override
  public boolean sendSignal(int signal) throws LinuxException {
    return delivered(send(signal, 0), signal);
  }

  @Override
  public boolean sendSignalToGroup(int signal) throws LinuxException {
    long result = send(signal, PIDFD_SIGNAL_PROCESS_GROUP);
    if (!Kernel.isErrno(result, Errno.EINVAL)) {
      return delivered(result, signal);
    }
    // Either an older kernel or a bad signal number: kill(2) tells which, as long as an unreaped
    // leader keeps the number ours.
    if (reaped || Kernel.isErrno(send(0, 0), Errno.ESRCH)) {
      return false;
    }
    long killed = kernel.raw(Call.KILL, -pid, signal);
    return delivered(killed, signal);
  }

  private long send(int signal, int flags) throws LinuxException {
    return fd.use(n -> kernel.raw(Call.PIDFD_SEND_SIGNAL, n, signal, 0, flags));
  }

  private boolean delivered(long result, int signal) throws LinuxException {
    if (Kernel.isErrno(result, Errno.ESRCH)) {
      return false;
    }
    Kernel.check(result, Call.PIDFD_SEND_SIGNAL, "signal " + signal + " to pid " + pid);
    return true;
  }

  @Override
  public boolean hasEnded() throws LinuxException {
    return awaitEnd(Duration.ZERO);
  }

  @Override
  public Optional<ExitStatus> reap() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(Layouts.SIGINFO_SIZE, 8);
      long result =
          fd.use(n -> kernel.raw(Call.WAITID, P_PIDFD, n, info.address(), WEXITED | WNOHANG));
      if (Kernel.isErrno(result, Errno.ECHILD)) {
        throw new LinuxException(
            Errno.ECHILD,
            Call.WAITID.manualName(),
            "pid " + pid,
            "It is not a child of this process, or its status was taken before: ask recordedExit.");
      }
      Kernel.check(result, Call.WAITID, "pid " + pid);
      if (info.get(Layouts.INT, Layouts.SIGINFO_PID) == 0) {
        return Optional.empty();
      }
      return Optional.of(
          reaped(
              info.get(Layouts.INT, Layouts.SIGINFO_CODE),
              info.get(Layouts.INT, Layouts.SIGINFO_STATUS)));
    }
  }

  /** It has been reaped, with that si_code and si_status. */
  ExitStatus reaped(int code, int status) {
    reaped = true;
    return switch (code) {
      case Layouts.CLD_EXITED -> new ExitStatus.Exited(status);
      case Layouts.CLD_DUMPED -> new ExitStatus.Signaled(status, true);
      default -> new ExitStatus.Signaled(status, false);
    };
  }

  /** The descriptor, for calls of others. */
  Fd fd() {
    return fd;
  }

  @Override
  public Optional<ExitStatus> recordedExit() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(Layouts.PIDFD_INFO_SIZE, 8);
      info.set(Layouts.LONG, Layouts.PIDFD_INFO_MASK, Layouts.PIDFD_INFO_EXIT);
      long result = fd.use(n -> kernel.raw(Call.IOCTL, n, Layouts.PIDFD_GET_INFO, info.address()));
      // ENOTTY, EINVAL: a kernel without it. ESRCH: reaped, on one that does not keep the status.
      boolean filled =
          result == 0
              && (info.get(Layouts.LONG, Layouts.PIDFD_INFO_MASK) & Layouts.PIDFD_INFO_EXIT) != 0;
      return filled
          ? Optional.of(
              ExitStatus.ofWaitStatus(info.get(Layouts.INT, Layouts.PIDFD_INFO_EXIT_CODE)))
          : Optional.empty();
    }
  }

  @Override
  public boolean awaitEnd(Duration atMost) throws LinuxException {
    return fd.use(n -> Poll.readable(kernel, n, atMost));
  }

  @Override
  public void close() {
    fd.close();
  }

  @Override
  public String toString() {
    return "pid " + pid;
  }
}
