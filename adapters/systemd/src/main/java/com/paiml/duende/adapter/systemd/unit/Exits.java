package com.paiml.duende.adapter.systemd.unit;

import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.ExitReason;
import java.time.Duration;

/** How a unit's last run ended, from its result and its main process's. */
public final class Exits {
  /** {@code si_code} of waitid(2), asm-generic/siginfo.h. */
  private static final long EXITED = 1;

  private static final long KILLED = 2;
  private static final long DUMPED = 3;
  private static final int SIGSYS = 31;

  private Exits() {}

  /** @param outOfMemory whether the kernel has killed in its control group for want of memory */
  public static ExitReason of(UnitState state, DaemonConfig config, boolean outOfMemory) {
    ExitReason last = lastRun(state, config, outOfMemory);
    return StartLimit.hit(state, config, last).orElse(last);
  }

  private static ExitReason lastRun(UnitState state, DaemonConfig config, boolean outOfMemory) {
    String result = state.text("Result");
    switch (result) {
      case "oom-kill":
        return exhausted(config);
      case "watchdog":
        return new ExitReason.WatchdogTimeout(config.watchdog().orElse(Duration.ZERO));
      default:
        break;
    }
    long code = state.number("ExecMainCode");
    int status = (int) state.number("ExecMainStatus");
    if (code == EXITED) {
      return ExitReason.ofCode(status);
    }
    if (code == KILLED || code == DUMPED) {
      if (status == SIGSYS && config.sandbox().syscalls().isPresent()) {
        return new ExitReason.PolicyViolation(
            "sandbox.syscalls", "a system call that is not allowed");
      }
      if (status == 9 && outOfMemory) {
        return exhausted(config);
      }
      return new ExitReason.Signalled(status, code == DUMPED);
    }
    return new ExitReason.Unknown(
        result.isEmpty() || result.equals("success") ? "" : "systemd's result is " + result);
  }

  private static ExitReason exhausted(DaemonConfig config) {
    return new ExitReason.ResourceExhausted(
        "memory", "limit " + config.resources().memory() + " bytes");
  }
}
