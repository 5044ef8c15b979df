package com.paiml.duende.manager.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CallPoolTest {
  @Test
  void quickCallsAreServedByFewThreads() throws Exception {
    try (CallPool pool = new CallPool("quick", 4, 512)) {
      CountDownLatch all = new CountDownLatch(100_000);
      for (int i = 0; i < 100_000; i++) {
        pool.execute(all::countDown);
      }
      assertTrue(all.await(60, TimeUnit.SECONDS));
      assertTrue(pool.threads() < 64, "threads " + pool.threads());
    }
  }

  @Test
  void slowCallsGetThreadsOfTheirOwnAndHoldUpNoOther() throws Exception {
    try (CallPool pool = new CallPool("slow", 2, 200)) {
      CountDownLatch hold = new CountDownLatch(1);
      CountDownLatch begun = new CountDownLatch(100);
      for (int i = 0; i < 100; i++) {
        pool.execute(
            () -> {
              begun.countDown();
              try {
                hold.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
      }
      CountDownLatch quick = new CountDownLatch(1);
      pool.execute(quick::countDown);
      assertTrue(begun.await(60, TimeUnit.SECONDS));
      assertTrue(quick.await(60, TimeUnit.SECONDS));
      hold.countDown();
    }
  }

  @Test
  void slowCallsThatComeAtOnceWhileThreadsRestGetMoreAsWell() throws Exception {
    try (CallPool pool = new CallPool("rested", 4, 200)) {
      CountDownLatch rested = new CountDownLatch(4);
      for (int i = 0; i < 4; i++) {
        pool.execute(rested::countDown);
      }
      assertTrue(rested.await(60, TimeUnit.SECONDS));
      CountDownLatch hold = new CountDownLatch(1);
      CountDownLatch begun = new CountDownLatch(40);
      for (int i = 0; i < 40; i++) {
        pool.execute(
            () -> {
              begun.countDown();
              try {
                hold.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
      }
      assertTrue(begun.await(60, TimeUnit.SECONDS), "not begun: " + begun.getCount());
      hold.countDown();
    }
  }

  @Test
  void itIsIdleOnceNoCallIsInProgressOrInTheQueue() throws Exception {
    try (CallPool pool = new CallPool("idle", 1, 1)) {
      pool.awaitIdle();
      CountDownLatch hold = new CountDownLatch(1);
      AtomicInteger done = new AtomicInteger();
      pool.execute(
          () -> {
            try {
              hold.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            int _ = done.incrementAndGet();
          });
      pool.execute(done::incrementAndGet);
      AtomicInteger seen = new AtomicInteger();
      Thread waiting =
          Thread.ofPlatform()
              .start(
                  () -> {
                    pool.awaitIdle();
                    seen.set(done.get());
                  });
      hold.countDown();
      assertTrue(waiting.join(Duration.ofSeconds(60)));
      assertEquals(2, seen.get());
    }
  }

  @Test
  void thereAreNeverMoreThreadsThanItsBound() throws Exception {
    try (CallPool pool = new CallPool("bound", 1, 8)) {
      CountDownLatch hold = new CountDownLatch(1);
      AtomicInteger inside = new AtomicInteger();
      AtomicInteger most = new AtomicInteger();
      CountDownLatch all = new CountDownLatch(40);
      for (int i = 0; i < 40; i++) {
        pool.execute(
            () -> {
              most.accumulateAndGet(inside.incrementAndGet(), Math::max);
              try {
                hold.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              inside.decrementAndGet();
              all.countDown();
            });
      }
      Bench.until(() -> inside.get() == 8);
      hold.countDown();
      assertTrue(all.await(60, TimeUnit.SECONDS));
      assertEquals(8, most.get());
    }
  }

  @Test
  void oneThatIsClosedFinishesWhatItHasAndTakesNoMore() throws Exception {
    CallPool pool = new CallPool("closed", 1, 1);
    AtomicInteger done = new AtomicInteger();
    for (int i = 0; i < 10; i++) {
      pool.execute(done::incrementAndGet);
    }
    pool.close();
    assertEquals(10, done.get());
    assertThrows(RejectedExecutionException.class, () -> pool.execute(() -> {}));
  }

  @Test
  void whoClosesItWaitsForTheCallOfAGuestAndTakesNoOther() throws Exception {
    CallPool pool = new CallPool("visited", 1, 2);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch hold = new CountDownLatch(1);
    AtomicInteger over = new AtomicInteger();
    Thread guest =
        Thread.ofPlatform()
            .start(
                () -> {
                  boolean _ =
                      pool.here(
                          () -> {
                            begun.countDown();
                            try {
                              boolean _ = hold.await(60, TimeUnit.SECONDS);
                            } catch (InterruptedException e) {
                              Thread.currentThread().interrupt();
                            }
                            over.incrementAndGet();
                          });
                });
    assertTrue(begun.await(60, TimeUnit.SECONDS));
    Thread closer = Thread.ofPlatform().start(pool::close);
    while (pool.here(() -> {})) {
      Thread.onSpinWait();
    }
    assertTrue(closer.isAlive());
    hold.countDown();
    closer.join(60_000);
    assertEquals(1, over.get());
    guest.join(60_000);
    assertTrue(!closer.isAlive() && !guest.isAlive());
  }
}
