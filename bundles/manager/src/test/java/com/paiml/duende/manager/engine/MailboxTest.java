package com.paiml.duende.manager.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class MailboxTest {
  /** Threads that come when they are called. */
  private final Queue<Runnable> scheduled = new ConcurrentLinkedQueue<>();

  private final Mailbox mailbox = new Mailbox(scheduled::add);
  private final List<String> done = new ArrayList<>();

  @Test
  void whoPostsHereDoesItWhenNobodyIsAtIt() {
    List<Thread> by = new ArrayList<>();
    mailbox.here(() -> by.add(Thread.currentThread()));

    assertEquals(1, by.size());
    assertSame(Thread.currentThread(), by.getFirst());
    assertTrue(scheduled.isEmpty());
  }

  @Test
  void whatWasPostedBeforeComesFirst() {
    mailbox.post(() -> done.add("before"));
    mailbox.here(() -> done.add("here"));
    assertEquals(List.of(), done);

    scheduled.remove().run();

    assertEquals(List.of("before", "here"), done);
  }

  @Test
  void whatIsPostedFromWithinIsDoneAfterwardsNotInTheMiddle() {
    mailbox.here(
        () -> {
          done.add("begin");
          mailbox.here(() -> done.add("inner"));
          done.add("end");
        });

    assertEquals(List.of("begin", "end", "inner"), done);
  }

  @Test
  void whoPostsHereLeavesTheRestToTheThreadsAfterATurn() {
    mailbox.here(
        () -> {
          for (int i = 0; i < 100; i++) {
            mailbox.post(() -> done.add("one"));
          }
        });
    int here = done.size();

    assertTrue(here < 100, "done here: " + here);
    assertEquals(1, scheduled.size());
    scheduled.remove().run();
    assertEquals(100, done.size());
    assertTrue(scheduled.isEmpty());
  }

  @Test
  void whatWasReservedIsDoneByWhoReservedItAndTheRestByTheThreads() {
    assertTrue(mailbox.reserve(() -> done.add("reserved")));
    mailbox.post(() -> done.add("after"));
    assertTrue(scheduled.isEmpty());

    mailbox.work();

    assertEquals(List.of("reserved"), done);
    scheduled.remove().run();
    assertEquals(List.of("reserved", "after"), done);
  }

  @Test
  void whatWasReservedIsLeftToTheThreads() {
    assertTrue(mailbox.reserve(() -> done.add("reserved")));

    mailbox.leave();

    assertEquals(List.of(), done);
    scheduled.remove().run();
    assertEquals(List.of("reserved"), done);
  }

  @Test
  void whoIsAtItDoesWhatIsReservedMeanwhile() {
    mailbox.post(() -> done.add("before"));
    assertFalse(mailbox.reserve(() -> done.add("reserved")));

    scheduled.remove().run();

    assertEquals(List.of("before", "reserved"), done);
  }

  @Test
  void oneAtATimeHoweverManyPostHereAndThere() throws Exception {
    try (var threads = Executors.newFixedThreadPool(4)) {
      Mailbox shared = new Mailbox(threads);
      AtomicInteger inside = new AtomicInteger();
      AtomicInteger most = new AtomicInteger();
      int each = 5000;
      CountDownLatch all = new CountDownLatch(4 * each);
      Runnable message =
          () -> {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            inside.decrementAndGet();
            all.countDown();
          };
      List<Thread> posters = new ArrayList<>();
      for (int p = 0; p < 4; p++) {
        boolean here = p % 2 == 0;
        posters.add(
            Thread.ofPlatform()
                .start(
                    () -> {
                      for (int i = 0; i < each; i++) {
                        if (here) {
                          shared.here(message);
                        } else {
                          shared.post(message);
                        }
                      }
                    }));
      }
      assertTrue(all.await(60, TimeUnit.SECONDS), "left: " + all.getCount());
      for (Thread poster : posters) {
        poster.join();
      }
      assertEquals(1, most.get());
    }
  }
}
