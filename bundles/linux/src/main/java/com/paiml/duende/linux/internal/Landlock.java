package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.confine.PathRule.Right;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.util.EnumSet;
import java.util.Set;

/** What the running kernel knows of landlock(7). */
final class Landlock {
  private static final int CREATE_RULESET_VERSION = 1;

  private Landlock() {}

  /** The ABI, 1 or more. */
  static int abi(Kernel kernel) throws LinuxException {
    long abi = kernel.raw(Call.LANDLOCK_CREATE_RULESET, 0, 0, CREATE_RULESET_VERSION);
    if (Kernel.isErrno(abi, Errno.ENOSYS) || Kernel.isErrno(abi, Errno.EOPNOTSUPP)) {
      throw new LinuxException(
          (int) -abi,
          Call.LANDLOCK_CREATE_RULESET.manualName(),
          "restricting paths",
          "This kernel has no Landlock or it is switched off: use Linux 5.13 or later with landlock"
              + " in the lsm= option, or mount rules instead.");
    }
    return (int) Kernel.check(abi, Call.LANDLOCK_CREATE_RULESET, "restricting paths");
  }

  /** Every right that this ABI can take away. */
  static long handled(int abi) {
    return mask(EnumSet.allOf(Right.class), abi, true);
  }

  static long mask(Set<Right> rights, int abi, boolean folder) {
    return rights.stream()
        .filter(right -> right.sinceAbi() <= abi && (folder || right.forFiles()))
        .mapToLong(Right::bit)
        .reduce(0, (a, b) -> a | b);
  }
}
