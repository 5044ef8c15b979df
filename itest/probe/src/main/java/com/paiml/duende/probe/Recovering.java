package com.paiml.duende.probe;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Takes up what ran before for as long as whoever tests the launcher likes: until somebody has written to the FIFO that the
 * variable {@code PROBE_RECOVERY} of the container's environment names. Without one there is nothing to take up.
 */
@Component(property = "duende.service=recovery")
public final class Recovering implements Supplier<CompletionStage<Void>> {
  /** It says so in the log before anybody learns of it. */
  public static final String DONE = "the probe has taken up what ran before";

  private static final System.Logger LOG = System.getLogger(Recovering.class.getName());

  private final String fifo;

  @Activate
  public Recovering() {
    fifo = System.getenv().getOrDefault("PROBE_RECOVERY", "");
  }

  @Override
  public CompletionStage<Void> get() {
    if (fifo.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    Executor own = work -> Thread.ofPlatform().daemon().name("probe-recovery").start(work);
    return CompletableFuture.runAsync(this::await, own);
  }

  private void await() {
    try {
      byte[] _ = Files.readAllBytes(Path.of(fifo));
      LOG.log(System.Logger.Level.INFO, DONE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
