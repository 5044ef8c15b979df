package com.paiml.duende.manager.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
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

  /** As on a machine that is short of processors: each call takes its time, and there is none that holds its thread. */
  @Test
  void callsThatAreSlowTogetherMakeNoThreads() throws Exception {
    for (int attempt = 0; attempt < 10; attempt++) {
      try (CallPool pool = new CallPool("crowded", 4, 512)) {
        // One after the other, 40 ms apart: the last waits for more than three seconds.
        if (endOneByOne(pool, 80, Duration.ofMillis(40)).toMillis() < 80) {
          assertEquals(4, pool.threads());
          return;
        }
      }
    }
    abort("in none of ten attempts did this machine let a thread run every 80 ms");
  }

  /** Returns the longest time in which none came to its end. */
  private static Duration endOneByOne(CallPool pool, int count, Duration apart) throws Exception {
    CountDownLatch all = new CountDownLatch(count);
    Semaphore turns = new Semaphore(0);
    AtomicLong last = new AtomicLong(System.nanoTime());
    AtomicLong longest = new AtomicLong();
    for (int i = 0; i < count; i++) {
      pool.execute(
          () -> {
            turns.acquireUninterruptibly();
            long now = System.nanoTime();
            longest.accumulateAndGet(now - last.getAndSet(now), Math::max);
            all.countDown();
          });
    }
    try (ScheduledExecutorService ticks = Executors.newScheduledThreadPool(1)) {
      var _ =
          ticks.scheduleAtFixedRate(
              turns::release, apart.toMillis(), apart.toMillis(), TimeUnit.MILLISECONDS);
      assertTrue(all.await(60, TimeUnit.SECONDS));
      List<Runnable> _ = ticks.shutdownNow();
    }
    return Duration.ofNanos(longest.get());
  }

  @Test
  void callsThatHoldTheirThreadsAreMadeUpForWhileOthersEnd() throws Exception {
    try (CallPool pool = new CallPool("mixed", 4, 200)) {
      CountDownLatch hold = new CountDownLatch(1);
      CountDownLatch begun = new CountDownLatch(3);
      for (int i = 0; i < 3; i++) {
        pool.execute(
            () -> {
              begun.countDown();
              awaitUninterrupted(hold);
            });
      }
      assertTrue(begun.await(60, TimeUnit.SECONDS));
      Duration _ = endOneByOne(pool, 80, Duration.ofMillis(40));
      int threads = pool.threads();
      hold.countDown();
      assertTrue(threads > 4, "threads " + threads);
    }
  }

  @Test
  void callsThatWantProcessorsGetNoMoreThreadsToShareThem() throws Exception {
    assumeTrue(
        Files.exists(Path.of("/proc/thread-self/schedstat")),
        "this kernel does not tell what a thread had of processors");
    List<Integer> threads = new ArrayList<>();
    // The kernel counts a wait for a processor when it is over: on a machine on which that takes a
    // tenth of a second a look may miss it.
    while (threads.size() < 5 && !threads.contains(4)) {
      try (CallPool pool = new CallPool("busy", 4, 200)) {
        compute(pool, 3 * Runtime.getRuntime().availableProcessors() + 6, Duration.ofMillis(300));
        boolean _ = threads.add(pool.threads());
      }
    }
    assertTrue(threads.contains(4), "threads, one attempt after the other: " + threads);
  }

  @Test
  void callsThatComputeWithoutEndHoldUpNoOther() throws Exception {
    try (CallPool pool = new CallPool("endless", 2, 8)) {
      assertOtherIsServed(pool, new CountDownLatch(0), 2);
    }
  }

  @Test
  void oneThatComputesBesideOneThatWaitsHoldsUpNoOther() throws Exception {
    try (CallPool pool = new CallPool("beside", 2, 8, Duration.ofDays(1))) {
      CountDownLatch hold = new CountDownLatch(1);
      pool.execute(() -> awaitUninterrupted(hold));
      assertOtherIsServed(pool, hold, 1);
    }
  }

  /** Beside so many calls that compute. */
  private static void assertOtherIsServed(CallPool pool, CountDownLatch atTheEnd, int computing)
      throws Exception {
    AtomicBoolean over = new AtomicBoolean();
    for (int i = 0; i < computing; i++) {
      pool.execute(
          () -> {
            while (!over.get()) {
              Thread.onSpinWait();
            }
          });
    }
    CountDownLatch other = new CountDownLatch(1);
    pool.execute(other::countDown);
    boolean served = other.await(60, TimeUnit.SECONDS);
    over.set(true);
    atTheEnd.countDown();
    assertTrue(served);
  }

  private static void compute(CallPool pool, int calls, Duration each) throws Exception {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    CountDownLatch all = new CountDownLatch(calls);
    for (int i = 0; i < calls; i++) {
      pool.execute(
          () -> {
            long end = threads.getCurrentThreadCpuTime() + each.toNanos();
            while (threads.getCurrentThreadCpuTime() < end) {
              Thread.onSpinWait();
            }
            all.countDown();
          });
    }
    assertTrue(all.await(120, TimeUnit.SECONDS));
  }

  private static void awaitUninterrupted(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
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
