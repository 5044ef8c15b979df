package org.example.duende.ssh;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import java.util.concurrent.CompletableFuture;

/**
 * A run that this adapter answers for.
 *
 * @param key its directory on the far side, {@code NAME.GENERATION}
 */
record Run(
    Host host,
    String instance,
    String key,
    DaemonHandle handle,
    CompletableFuture<ExitReason> exit) {

  /** A shell tells a signal as 128 more; codes up to 64 above that are taken for signals. */
  static ExitReason reason(int code) {
    if (code == 0) {
      return new ExitReason.Graceful();
    }
    return code > 128 && code <= 192
        ? new ExitReason.Signalled(code - 128, false)
        : new ExitReason.Failure(code, "");
  }
}
