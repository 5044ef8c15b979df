package com.paiml.duende.linux.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.Pipe;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EventLoopTest {
  private final Map<String, Throwable> faults = new ConcurrentHashMap<>();
  private Linux linux;
  private EventLoop loop;

  @BeforeEach
  void open() throws LinuxException {
    linux = Here.linux();
    loop = linux.eventLoop("test loop", faults::put);
  }

  @AfterEach
  void close() {
    if (loop != null) {
      loop.close();
    }
  }

  @Test
  void whatIsWrittenToAPipeIsReadOnTheLoopsThread() throws Exception {
    CompletableFuture<String> read = new CompletableFuture<>();
    try (Pipe pipe = linux.pipe();
        Watch watch =
            loop.watch(
                "pipe",
                pipe.source(),
                Readiness.IN,
                ready -> {
                  byte[] bytes = new byte[16];
                  int n = pipe.source().read(bytes, 0, 16);
                  read.complete(
                      Thread.currentThread().getName()
                          + ": "
                          + new String(bytes, 0, n, StandardCharsets.UTF_8));
                })) {
      assertEquals(2, pipe.sink().write(new byte[] {'o', 'k'}, 0, 2));
      assertEquals("test loop: ok", read.get(Await.LONG.toSeconds(), TimeUnit.SECONDS));
      assertEquals(1, loop.size());
    }
    assertEquals(0, loop.size());
    assertTrue(faults.isEmpty());
  }

  @Test
  void aHandlerThatThrowsEndsItsOwnWatchAndNoOther() throws Exception {
    AtomicInteger good = new AtomicInteger();
    try (Pipe bad = linux.pipe();
        Wakeup wakeup = linux.wakeup()) {
      var thrower =
          loop.watch(
              "thrower",
              bad.source(),
              Readiness.IN,
              ready -> {
                throw new IllegalStateException("on purpose");
              });
      var counter =
          loop.watch(
              "counter",
              wakeup.descriptor(),
              Readiness.IN,
              ready -> good.addAndGet((int) wakeup.take()));
      assertEquals(1, bad.sink().write(new byte[1], 0, 1));
      Await.until("the fault is told", () -> faults.containsKey("thrower"));
      assertInstanceOf(IllegalStateException.class, faults.get("thrower"));
      wakeup.signal();
      Await.until("the other runs on", () -> good.get() == 1);
      assertEquals(1, loop.size());
      thrower.close();
      counter.close();
    }
  }

  @Test
  void aTimerRunsOutOnTimeAndAgain() throws Exception {
    AtomicLong count = new AtomicLong();
    try (Timer timer = linux.timer();
        Watch watch =
            loop.watch(
                "timer",
                timer.descriptor(),
                Readiness.IN,
                r -> count.addAndGet(timer.expirations()))) {
      long start = System.nanoTime();
      timer.arm(Duration.ofMillis(30), Duration.ofMillis(5));
      Await.until("ten times", () -> count.get() >= 10);
      assertTrue(System.nanoTime() - start >= Duration.ofMillis(30 + 9 * 5).toNanos());
      timer.disarm();
      assertEquals(0, timer.expirations());
    }
  }

  @Test
  void closingFromAHandlerEndsTheLoop() throws Exception {
    try (Wakeup wakeup = linux.wakeup()) {
      CompletableFuture<Thread> thread = new CompletableFuture<>();
      var watch =
          loop.watch(
              "closer",
              wakeup.descriptor(),
              Readiness.IN,
              r -> {
                thread.complete(Thread.currentThread());
                loop.close();
              });
      wakeup.signal();
      Thread ended = thread.get(Await.LONG.toSeconds(), TimeUnit.SECONDS);
      assertTrue(ended.join(Await.LONG));
      watch.close();
    }
    assertTrue(faults.isEmpty(), faults::toString);
  }

  @Test
  void aClosedLoopWatchesNothing() throws Exception {
    loop.close();
    loop.close();
    try (Wakeup wakeup = linux.wakeup()) {
      var e =
          assertThrows(
              LinuxException.class,
              () -> loop.watch("late", wakeup.descriptor(), Readiness.IN, r -> {}));
      assertEquals("EBADF", e.errno());
    }
  }

  @Test
  void aDescriptorClosedBeforeItsWatchDisturbsNobody() throws Exception {
    Pipe pipe = linux.pipe();
    Watch watch = loop.watch("pipe", pipe.source(), Readiness.IN, r -> {});
    pipe.close();
    watch.close();
    assertEquals(0, loop.size());
    assertTrue(faults.isEmpty(), faults::toString);
    assertTrue(pipe.source().isClosed());
    assertFalse(loop.size() > 0);
  }

  @Test
  void aHandlerThatHasHandedTheLoopOverHoldsUpNobody() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    CompletableFuture<Boolean> handed = new CompletableFuture<>();
    CompletableFuture<String> errand = new CompletableFuture<>();
    List<String> heard = Collections.synchronizedList(new ArrayList<>());
    List<Boolean> more = Collections.synchronizedList(new ArrayList<>());
    try (Wakeup slow = linux.wakeup();
        Wakeup quick = linux.wakeup()) {
      var slowWatch =
          loop.watch(
              "slow",
              slow.descriptor(),
              Readiness.IN,
              r -> {
                slow.take();
                handed.complete(
                    loop.handOver(() -> errand.complete(Thread.currentThread().getName())));
                if (!waited(goOn)) {
                  throw new IllegalStateException("nobody let it go on");
                }
              });
      var quickWatch =
          loop.watch(
              "quick",
              quick.descriptor(),
              Readiness.IN,
              r -> {
                quick.take();
                boolean mayBlock = loop.handOver(() -> {});
                more.add(mayBlock);
                heard.add(Thread.currentThread().getName());
              });
      try {
        slow.signal();
        assertTrue(handed.get(Await.LONG.toSeconds(), TimeUnit.SECONDS));
        assertEquals("test loop-2", errand.get(Await.LONG.toSeconds(), TimeUnit.SECONDS));
        quick.signal();
        Await.until("the other is heard beside it", () -> heard.size() == 1);
        assertEquals("test loop-2", heard.getFirst());
        assertEquals(List.of(false), more, "the only other thread is kept");
      } finally {
        goOn.countDown();
      }
      Await.until(
          "the thread that was kept takes its turn again",
          () -> {
            int before = heard.size();
            signal(quick);
            Await.until("heard", () -> heard.size() > before);
            return more.getLast();
          });
      slowWatch.close();
      quickWatch.close();
    }
    assertFalse(loop.handOver(() -> {}), "this is no thread of the loop");
    assertTrue(faults.isEmpty(), faults::toString);
  }

  @Test
  void aLoopThatIsClosedDoesNotWaitForAHandlerThatKeepsAThread() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    CompletableFuture<Thread> kept = new CompletableFuture<>();
    try (Wakeup slow = linux.wakeup()) {
      var watch =
          loop.watch(
              "slow",
              slow.descriptor(),
              Readiness.IN,
              r -> {
                slow.take();
                assertTrue(loop.handOver(() -> {}));
                kept.complete(Thread.currentThread());
                boolean _ = waited(goOn);
              });
      try {
        slow.signal();
        Thread thread = kept.get(Await.LONG.toSeconds(), TimeUnit.SECONDS);
        loop.close();
        assertTrue(thread.isAlive());
        goOn.countDown();
        assertTrue(thread.join(Await.LONG), "it ends when its handler returns");
      } finally {
        goOn.countDown();
      }
      watch.close();
    }
    assertTrue(faults.isEmpty(), faults::toString);
  }

  private static boolean waited(CountDownLatch latch) {
    try {
      return latch.await(Await.LONG.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }

  private static void signal(Wakeup wakeup) {
    try {
      wakeup.signal();
    } catch (LinuxException e) {
      throw new AssertionError(e);
    }
  }
}
