package com.paiml.duende.adapter.process.program;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;

/** What the kernel refused, as this adapter reports it. */
final class KernelFaults {
  private KernelFaults() {}

  /** A handler of the event loop may still be at work when its descriptor is closed by somebody else. */
  static void unlessClosed(Descriptor descriptor, LinuxException refused) throws LinuxException {
    if (!descriptor.isClosed()) {
      throw refused;
    }
  }

  static DaemonException of(ErrorCode otherwise, String daemon, LinuxException refused) {
    ErrorCode code =
        refused.is(Errno.ENOENT)
            ? ErrorCode.NOT_FOUND
            : refused.is(Errno.EPERM) || refused.is(Errno.EACCES)
                ? ErrorCode.PERMISSION_DENIED
                : refused.is(Errno.ETIMEDOUT) ? ErrorCode.TIMEOUT : otherwise;
    return new DaemonException(
        code,
        daemon,
        refused.call() + " for " + refused.thing() + " failed with " + refused.errno(),
        refused.remedy(),
        refused);
  }
}
