package com.paiml.duende.mlock.command;

import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.mlock.Standing;
import java.util.Locale;

/** What the kernel says, for people. */
final class Figures {
  private Figures() {}

  static String of(Standing now) {
    return String.join(
        "\n",
        "locked    " + (now.locked() > 0 ? "yes" : "no"),
        "VmLck     " + size(now.locked()),
        "VmRSS     " + size(now.resident()),
        "VmSwap    " + size(now.swapped()),
        "limit     "
            + (now.limit().soft() == Limit.INFINITY ? "unlimited" : size(now.limit().soft()))
            + (now.privileged() ? ", which CAP_IPC_LOCK lifts" : ""));
  }

  private static String size(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
  }
}
