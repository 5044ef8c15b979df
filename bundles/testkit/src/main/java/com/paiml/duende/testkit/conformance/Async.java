package com.paiml.duende.testkit.conformance;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.function.Executable;

/** Calls that are made beside the test's own thread. */
final class Async {
  private Async() {}

  /** Begins at once on a thread of its own, which does not keep the JVM alive. */
  static CompletableFuture<Void> run(Executable call) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                call.execute();
                done.complete(null);
              } catch (Throwable e) {
                done.completeExceptionally(e);
              }
            },
            "conformance");
    thread.setDaemon(true);
    thread.start();
    return done;
  }
}
