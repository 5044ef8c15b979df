package com.paiml.duende.adapter.container;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waiting for the end of a run. */
final class Waiting {
  private Waiting() {}

  /** @return whether it ended in time */
  static boolean forEnd(ContainerRun run, Deadline deadline) throws DaemonException {
    try {
      return !run.exit()
          .get(Math.max(1, deadline.remaining().toNanos()), TimeUnit.NANOSECONDS)
          .describe()
          .isEmpty();
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          run.spec().name(),
          "waiting for its end was interrupted",
          "ask again",
          e);
    } catch (CancellationException | ExecutionException e) {
      if (e.getCause() instanceof DaemonException fault) {
        throw fault;
      }
      throw new DaemonException(
          ErrorCode.INTERNAL, run.spec().name(), "its end cannot be told: " + e, "", e);
    }
  }
}
