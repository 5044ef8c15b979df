package com.paiml.duende.spi;

import com.paiml.duende.api.ExitReason;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Listens to the end of a run ({@link PlatformAdapter#exit}) until it is told or closed; from then on nothing of the listener is
 * held by the stage, which may be there as long as the daemon. A manager that is replaced while adapters stay would else be kept
 * in memory by every run that it has watched. Safe for all threads.
 */
public final class ExitWatch implements AutoCloseable {
  private volatile @Nullable BiConsumer<@Nullable ExitReason, @Nullable Throwable> listener;

  private ExitWatch(BiConsumer<@Nullable ExitReason, @Nullable Throwable> listener) {
    this.listener = listener;
  }

  /**
   * Begins to listen.
   *
   * @param listener of the reason, or of what the stage fails with; on the thread that completes the stage, or now
   */
  public static ExitWatch of(
      CompletionStage<ExitReason> exit,
      BiConsumer<@Nullable ExitReason, @Nullable Throwable> listener) {
    ExitWatch watch = new ExitWatch(listener);
    var _ = exit.whenComplete(watch::ended);
    return watch;
  }

  private void ended(@Nullable ExitReason reason, @Nullable Throwable fault) {
    BiConsumer<@Nullable ExitReason, @Nullable Throwable> told = listener;
    listener = null;
    if (told != null) {
      told.accept(reason, fault);
    }
  }

  /** The listener is told nothing that is not under way already. */
  @Override
  public void close() {
    listener = null;
  }
}
