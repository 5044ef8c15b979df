package com.paiml.duende.adapter.launchd;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Sees the ends of processes that are launchd's children and not ours. One thread looks at all of them ten times a second, for
 * as long as there are any; {@link ProcessHandle#onExit} would take a thread for each, and look less and less often, in the
 * end every five seconds.
 */
final class Ends {
  private static final long LOOK_MILLIS = 100;

  private record Awaited(ProcessHandle process, CompletableFuture<Void> end) {}

  private final List<Awaited> awaited = new ArrayList<>();
  private boolean looking;

  /** Completed soon after its end, and at once when there is no such process. */
  CompletionStage<Void> of(Optional<ProcessHandle> process) {
    CompletableFuture<Void> end = new CompletableFuture<>();
    if (process.filter(ProcessHandle::isAlive).isEmpty()) {
      end.complete(null);
      return end;
    }
    synchronized (awaited) {
      awaited.add(new Awaited(process.get(), end));
      if (!looking) {
        looking = true;
        Thread.ofPlatform().name("duende-launchd-ends").daemon().start(this::look);
      }
    }
    return end;
  }

  private void look() {
    while (true) {
      List<Awaited> ended = new ArrayList<>();
      boolean last;
      synchronized (awaited) {
        awaited.removeIf(one -> !one.process().isAlive() && ended.add(one));
        last = awaited.isEmpty();
        looking = !last;
      }
      ended.forEach(one -> one.end().complete(null));
      if (last) {
        return;
      }
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      } catch (InterruptedException nobodysWish) {
        synchronized (awaited) {
          looking = false;
        }
        return;
      }
    }
  }

  /** Nobody waits for them any more. */
  void forget() {
    synchronized (awaited) {
      awaited.clear();
    }
  }
}
