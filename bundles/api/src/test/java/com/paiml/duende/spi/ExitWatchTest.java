package com.paiml.duende.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ExitReason;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

class ExitWatchTest {
  private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();

  private final ReferenceQueue<BiConsumer<ExitReason, Throwable>> collected =
      new ReferenceQueue<>();

  @Test
  void given_a_watch_when_the_run_ends_then_it_is_told_once() {
    List<ExitReason> told = new ArrayList<>();
    ExitWatch watch = ExitWatch.of(exit, (reason, fault) -> told.add(reason));
    boolean _ = exit.complete(new ExitReason.Graceful());
    watch.close();
    assertEquals(List.of(new ExitReason.Graceful()), told);
  }

  @Test
  void given_a_closed_watch_when_the_run_ends_then_nobody_is_told() {
    List<ExitReason> told = new ArrayList<>();
    ExitWatch.of(exit, (reason, fault) -> told.add(reason)).close();
    boolean _ = exit.complete(new ExitReason.Graceful());
    assertEquals(List.of(), told);
  }

  @Test
  void given_a_closed_watch_then_the_run_does_not_keep_the_listener_in_memory() throws Exception {
    WeakReference<BiConsumer<ExitReason, Throwable>> listener = watchAndClose();
    for (int i = 0; i < 500 && !listener.refersTo(null); i++) {
      System.gc();
      if (collected.remove(10) != null) {
        break;
      }
    }
    assertTrue(listener.refersTo(null), "is still held by the stage, which is open");
    assertTrue(exit.getNumberOfDependents() > 0);
  }

  private WeakReference<BiConsumer<ExitReason, Throwable>> watchAndClose() {
    List<ExitReason> told = new ArrayList<>();
    BiConsumer<ExitReason, Throwable> listener = (reason, fault) -> told.add(reason);
    ExitWatch.of(exit, listener).close();
    return new WeakReference<>(listener, collected);
  }
}
