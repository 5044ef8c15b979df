package com.paiml.duende.testkit.daemon;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * One life of a daemon object in simulated time, without a container: {@code init}, {@code run} on a thread of its own,
 * {@code shutdown}.
 */
public final class TestLife implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Daemon daemon;
  private final TestContext context;
  private final SimulatedClock clock;
  private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();
  private final Thread thread;

  private TestLife(Daemon daemon, TestContext context, SimulatedClock clock) {
    this.daemon = daemon;
    this.context = context;
    this.clock = clock;
    thread = Thread.ofVirtual().name("test-life-" + context.name()).unstarted(this::live);
  }

  /** Begins: {@code init} here, {@code run} on its own thread. */
  public static TestLife begin(Daemon daemon, TestContext context, SimulatedClock clock)
      throws Exception {
    daemon.init(context.config());
    TestLife life = new TestLife(daemon, context, clock);
    life.thread.start();
    return life;
  }

  private void live() {
    try {
      ExitReason reason = daemon.run(context);
      daemon.shutdown(context.config().shutdownTimeout());
      exit.complete(reason);
    } catch (Throwable e) {
      exit.completeExceptionally(e);
    }
  }

  /** Lets so much time pass, each time after the daemon has gone to sleep: what it does at its own steps is done in between. */
  public void pass(Duration step, int times) throws Exception {
    for (int i = 0; i < times; i++) {
      awaitSleep();
      clock.advance(step);
    }
    awaitSleep();
  }

  /** Waits until it sleeps, or has ended. */
  public void awaitSleep() throws Exception {
    Await.until("it sleeps or ends", PATIENCE, () -> clock.sleepers() > 0 || exit.isDone());
  }

  /**
   * Asks it to shut down and waits for the end.
   *
   * @return what {@code run} returned
   * @throws Exception what {@code run} or {@code shutdown} threw
   */
  public ExitReason shutDown() throws Exception {
    context.requestShutdown();
    return awaitExit();
  }

  /** Waits for the end. */
  public ExitReason awaitExit() throws Exception {
    try {
      return exit.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  @Override
  public void close() throws Exception {
    context.requestShutdown();
    thread.interrupt();
    if (!thread.join(PATIENCE)) {
      throw new AssertionError(
          context.name() + " does not end, though it was asked and interrupted");
    }
  }
}
