package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerState;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.api.Sizes;
import com.paiml.duende.linux.process.ExitStatus;

/** What the exit code of a container says. Engines tell a signal n as 128 + n, as shells do. */
final class Exits {
  private static final int SIGKILL = 9;
  private static final int SIGSYS = 31;
  private static final int LAST_SIGNAL = 64;

  private Exits() {}

  /** What the kernel says of a first process, as an engine would tell it. */
  static int code(ExitStatus status) {
    return switch (status) {
      case ExitStatus.Exited(int code) -> code;
      case ExitStatus.Signaled(int signal, boolean _) -> 128 + signal;
      case ExitStatus.Unknown _ -> ContainerState.EXIT_UNKNOWN;
    };
  }

  /**
   * @param outOfMemory whether the kernel killed for want of memory
   * @param killed whether we had it killed
   */
  static ExitReason of(int code, boolean outOfMemory, boolean killed, DaemonConfig config) {
    if (code < 0) {
      return new ExitReason.Unknown("the engine does not know how its container ended");
    }
    if (code > 128 && code <= 128 + LAST_SIGNAL) {
      int signal = code - 128;
      if (signal == SIGKILL && outOfMemory && !killed) {
        return new ExitReason.ResourceExhausted(
            "memory", "limit " + Sizes.format(config.resources().memory()));
      }
      boolean filtered =
          config
              .sandbox()
              .syscalls()
              .filter(s -> s.action() == Sandbox.SyscallAction.KILL)
              .isPresent();
      if (signal == SIGSYS && filtered) {
        return new ExitReason.PolicyViolation("sandbox.syscalls", "a system call was denied");
      }
      return new ExitReason.Signalled(signal, false);
    }
    return ExitReason.ofCode(code);
  }
}
