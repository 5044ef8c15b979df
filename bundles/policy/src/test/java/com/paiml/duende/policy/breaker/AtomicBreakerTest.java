package com.paiml.duende.policy.breaker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.spi.CircuitBreaker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class AtomicBreakerTest {
  private final AtomicLong now = new AtomicLong();

  private AtomicBreaker breaker(int halfOpen) {
    return new AtomicBreaker(5, Duration.ofSeconds(30), 3, halfOpen, now::get);
  }

  private void fail(CircuitBreaker b) {
    long p = b.tryAcquire();
    assertNotEquals(CircuitBreaker.REFUSED, p);
    b.failed(p);
  }

  private void open(CircuitBreaker b) {
    for (int i = 0; i < 5; i++) {
      fail(b);
    }
    assertEquals(CircuitBreaker.State.OPEN, b.state());
  }

  private void pass(Duration time) {
    now.addAndGet(time.toNanos());
  }

  @Test
  void it_opens_after_five_failures_in_a_row_and_not_before() {
    AtomicBreaker b = breaker(1);
    for (int i = 0; i < 4; i++) {
      fail(b);
      assertEquals(CircuitBreaker.State.CLOSED, b.state());
    }
    b.succeeded(b.tryAcquire());
    for (int i = 0; i < 4; i++) {
      fail(b);
    }
    assertEquals(CircuitBreaker.State.CLOSED, b.state(), "a success begins the count anew");
    fail(b);
    assertEquals(CircuitBreaker.State.OPEN, b.state());
    assertEquals(CircuitBreaker.REFUSED, b.tryAcquire());
    assertEquals(1, b.trips());
    assertEquals(Duration.ofSeconds(30), b.untilTrial());
  }

  @Test
  void after_its_timeout_three_successes_close_it() {
    AtomicBreaker b = breaker(1);
    open(b);
    pass(Duration.ofSeconds(29));
    assertEquals(CircuitBreaker.REFUSED, b.tryAcquire());
    pass(Duration.ofSeconds(1));
    for (int i = 0; i < 3; i++) {
      long p = b.tryAcquire();
      assertNotEquals(CircuitBreaker.REFUSED, p);
      assertEquals(CircuitBreaker.State.HALF_OPEN, b.state());
      assertEquals(CircuitBreaker.REFUSED, b.tryAcquire(), "one at a time");
      b.succeeded(p);
    }
    assertEquals(CircuitBreaker.State.CLOSED, b.state());
  }

  @Test
  void a_failed_trial_opens_it_for_another_timeout() {
    AtomicBreaker b = breaker(1);
    open(b);
    pass(Duration.ofSeconds(30));
    fail(b);
    assertEquals(CircuitBreaker.State.OPEN, b.state());
    assertEquals(2, b.trips());
    assertEquals(CircuitBreaker.REFUSED, b.tryAcquire());
  }

  @Test
  void the_outcome_of_a_call_from_an_earlier_state_is_not_counted() {
    AtomicBreaker b = breaker(2);
    long old = b.tryAcquire();
    open(b);
    pass(Duration.ofSeconds(30));
    long trial = b.tryAcquire();
    b.failed(old);
    assertEquals(CircuitBreaker.State.HALF_OPEN, b.state());
    b.succeeded(old);
    b.succeeded(old);
    b.succeeded(old);
    assertEquals(CircuitBreaker.State.HALF_OPEN, b.state());
    b.succeeded(trial);
    assertEquals(CircuitBreaker.State.HALF_OPEN, b.state());
  }

  @Test
  void trials_that_never_report_do_not_hold_it_half_open_for_good() {
    AtomicBreaker b = breaker(1);
    open(b);
    pass(Duration.ofSeconds(30));
    assertNotEquals(CircuitBreaker.REFUSED, b.tryAcquire());
    assertEquals(CircuitBreaker.REFUSED, b.tryAcquire());
    pass(Duration.ofSeconds(30));
    assertNotEquals(CircuitBreaker.REFUSED, b.tryAcquire());
  }

  @Test
  void half_open_lets_exactly_the_permitted_number_through_under_64_threads() throws Exception {
    for (int permitted : new int[] {1, 3, 10}) {
      for (int round = 0; round < 20; round++) {
        AtomicBreaker b = breaker(permitted);
        open(b);
        pass(Duration.ofSeconds(30));
        CyclicBarrier together = new CyclicBarrier(64);
        try (var pool = Executors.newFixedThreadPool(64)) {
          List<Future<Boolean>> asked = new ArrayList<>();
          for (int i = 0; i < 64; i++) {
            asked.add(
                pool.submit(
                    () -> {
                      together.await(30, TimeUnit.SECONDS);
                      return b.tryAcquire() != CircuitBreaker.REFUSED;
                    }));
          }
          int through = 0;
          for (Future<Boolean> f : asked) {
            through += f.get(30, TimeUnit.SECONDS) ? 1 : 0;
          }
          assertEquals(permitted, through);
        }
      }
    }
  }

  @Test
  void the_closed_state_allocates_nothing() {
    AtomicBreaker b = breaker(1);
    var threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    for (int i = 0; i < 100_000; i++) {
      b.succeeded(b.tryAcquire());
    }
    long before = threads.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < 1_000_000; i++) {
      b.succeeded(b.tryAcquire());
    }
    long bytes = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(bytes < 1000, bytes + " bytes in a million calls");
  }

  @Test
  void numbers_out_of_range_are_refused() {
    assertThrows(
        IllegalArgumentException.class, () -> new BreakerFactory().create(0, Duration.ZERO, 1, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> new BreakerFactory().create(1, Duration.ZERO, 1, 1001));
  }
}
