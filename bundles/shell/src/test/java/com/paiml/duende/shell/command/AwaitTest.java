package com.paiml.duende.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonId;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class AwaitTest {
  private static final long LOOK = 5_000_000;
  private final ScriptedManager manager = new ScriptedManager();
  private volatile boolean over;

  @Test
  void looksThatTakeLongLeaveMostOfTheTimeToOthers() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    Thread teller = Thread.ofPlatform().daemon().start(this::tellAllTheTime);
    long began = System.nanoTime();
    try {
      assertFalse(
          Await.until(
              manager,
              Deadline.after(Duration.ofMillis(600)),
              () -> {
                int _ = looks.incrementAndGet();
                long end = System.nanoTime() + LOOK;
                while (System.nanoTime() < end) {
                  Thread.onSpinWait();
                }
                return false;
              }));
    } finally {
      over = true;
      teller.join();
    }
    long looked = looks.get() * LOOK;
    long took = System.nanoTime() - began;
    assertTrue(looked * 4 < took, looks + " looks of " + LOOK + " ns in " + took + " ns");
  }

  @Test
  void theFirstLooksAreFollowedByNoRest() {
    assertEquals(0, Await.rest(1, LOOK));
    assertEquals(0, Await.rest(16, LOOK));
    assertEquals(20 * LOOK, Await.rest(17, LOOK));
    assertEquals(0, Await.rest(17, 50_000));
    assertEquals(100_000_000, Await.rest(17, 100 * LOOK));
  }

  private void tellAllTheTime() {
    DaemonEvent event =
        new DaemonEvent.Reloaded(
            new DaemonEvent.Source("web", DaemonId.random(), Instant.now(), 1));
    while (!over) {
      manager.listeners.forEach(l -> l.onEvent(event));
      LockSupport.parkNanos(1_000_000);
    }
  }
}
