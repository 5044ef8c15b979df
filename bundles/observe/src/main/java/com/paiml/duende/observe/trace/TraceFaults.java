package com.paiml.duende.observe.trace;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;

/** What the kernel refused, in the family of faults that everybody else knows. */
public final class TraceFaults {
  private TraceFaults() {}

  public static DaemonException of(String daemon, LinuxException e) {
    ErrorCode code =
        e.is(Errno.EPERM) || e.is(Errno.EACCES) ? ErrorCode.PERMISSION_DENIED : ErrorCode.TRACER;
    return new DaemonException(
        code,
        daemon,
        "cannot be traced: " + e.call() + " for " + e.thing() + ": " + e.errno(),
        e.remedy(),
        e);
  }

  public static DaemonException unknownCall(String name) {
    return new DaemonException(
        ErrorCode.CONFIGURATION,
        "\"" + name + "\"",
        "is not a system call of this machine",
        "see syscalls(2) for their names");
  }
}
