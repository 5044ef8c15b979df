package com.paiml.duende.testkit.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LoadTestTest {
  private static final LoadPlan SHORT =
      new LoadPlan(LoadPlan.Loop.CLOSED, 1, Duration.ZERO, Duration.ofSeconds(2), 0, 0);

  /** Answers at once, but for one second in the middle in which it answers nobody. */
  private static final class Stalling implements LoadTarget {
    private final long start = System.nanoTime();
    private final Semaphore one = new Semaphore(1);

    @Override
    public void request() throws InterruptedException {
      one.acquire();
      try {
        long now = System.nanoTime() - start;
        if (now > 500_000_000L && now < 1_500_000_000L) {
          Thread.sleep(Duration.ofNanos(1_500_000_000L - now));
        }
      } finally {
        one.release();
      }
    }
  }

  @Test
  void a_stall_is_felt_by_all_that_were_due_meanwhile() throws Exception {
    // At 200 a second for 2 seconds, 200 of 400 are due within the stall: the median of those is
    // half a second.
    for (LoadPlan plan : List.of(SHORT.withRate(200), SHORT.open(200))) {
      LoadReport report = LoadTest.run(plan, new Stalling());
      assertTrue(report.requests() >= 300, report::text);
      assertTrue(report.response().p90().toMillis() >= 500, report::text);
    }
    // What is blind to that: each answer but one came at once.
    LoadReport blind = LoadTest.run(SHORT.withRate(200), new Stalling());
    assertTrue(blind.service().p90().toMillis() < blind.response().p90().toMillis() / 2);
  }

  @Test
  void an_open_loop_does_not_wait_for_answers() throws Exception {
    AtomicInteger together = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    LoadReport report =
        LoadTest.run(
            SHORT.open(100).withDuration(Duration.ofSeconds(1)),
            () -> {
              most.accumulateAndGet(together.incrementAndGet(), Math::max);
              Thread.sleep(500);
              together.decrementAndGet();
            });
    assertTrue(most.get() > 20, () -> "at most " + most + " at once");
    assertTrue(report.requests() >= 90 && report.requests() <= 101, report::text);
  }

  @Test
  void a_closed_loop_has_as_many_at_a_time_as_users() throws Exception {
    AtomicInteger together = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    LoadTest.run(
        SHORT.withUsers(3).withDuration(Duration.ofMillis(500)),
        () -> {
          most.accumulateAndGet(together.incrementAndGet(), Math::max);
          Thread.sleep(5);
          together.decrementAndGet();
        });
    assertEquals(3, most.get());
  }

  @Test
  void users_go_when_they_have_made_their_requests() throws Exception {
    AtomicInteger count = new AtomicInteger();
    LoadReport report =
        LoadTest.run(
            SHORT.withUsers(4).withRequestsPerUser(5).withDuration(Duration.ofMinutes(10)),
            count::incrementAndGet);
    assertEquals(20, count.get());
    assertEquals(20, report.requests());
    assertTrue(report.took().toMinutes() < 5);
  }

  @Test
  void a_ramp_begins_slowly() throws Exception {
    long start = System.nanoTime();
    AtomicLong early = new AtomicLong();
    LoadReport report =
        LoadTest.run(
            SHORT.open(200).withRampUp(Duration.ofSeconds(2)),
            () -> {
              if (System.nanoTime() - start < 1_000_000_000L) {
                early.incrementAndGet();
              }
            });
    // The rate grows evenly: half of 400 in all, a quarter of those in the first half.
    assertTrue(report.requests() >= 190 && report.requests() <= 201, report::text);
    assertTrue(early.get() <= 60, () -> early + " in the first second");
  }

  @Test
  void one_error_in_a_hundred_is_too_many() throws Exception {
    AtomicInteger n = new AtomicInteger();
    LoadReport bad =
        LoadTest.run(
            SHORT.withRequestsPerUser(100),
            () -> {
              if (n.incrementAndGet() == 50) {
                throw new IOException("no");
              }
            });
    assertEquals(1, bad.errors());
    assertFalse(bad.passed());
    assertEquals(1, bad.messages().get("no"));
    n.set(1000);
    assertTrue(LoadTest.run(SHORT.withRequestsPerUser(100), n::incrementAndGet).passed());
  }

  @Test
  void a_url_is_put_under_load_and_told_of() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/ok",
        exchange -> {
          exchange.sendResponseHeaders(200, 2);
          exchange.getResponseBody().write(new byte[] {'o', 'k'});
          exchange.close();
        });
    server.start();
    String url = "http://127.0.0.1:" + server.getAddress().getPort();
    try (HttpTarget ok = new HttpTarget(URI.create(url + "/ok"), Duration.ofSeconds(30));
        HttpTarget lost = new HttpTarget(URI.create(url + "/no"), Duration.ofSeconds(30))) {
      List<LoadProgress> progress = new ArrayList<>();
      LoadReport report = new LoadTest(SHORT.withUsers(2).withRate(100), ok, progress::add).run();
      assertTrue(report.passed(), report::text);
      assertFalse(progress.isEmpty());
      assertTrue(report.json().contains("\"passed\": true"), report::json);
      assertTrue(report.html().contains("p99.9"), report::html);
      LoadReport none = LoadTest.run(SHORT.withRequestsPerUser(3), lost);
      assertEquals(3, none.errors());
      assertTrue(none.text().contains("status 404"), none::text);
    } finally {
      server.stop(0);
    }
  }

  @Test
  void a_plan_that_makes_no_sense_is_refused() {
    assertThrows(IllegalArgumentException.class, () -> SHORT.withUsers(0));
    assertThrows(IllegalArgumentException.class, () -> SHORT.withUsers(10_001));
    assertThrows(IllegalArgumentException.class, () -> SHORT.open(0));
    assertThrows(IllegalArgumentException.class, () -> SHORT.withRate(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> SHORT.withRampUp(Duration.ofHours(1)));
    assertThrows(IllegalArgumentException.class, () -> SHORT.withDuration(Duration.ZERO));
  }

  @Test
  void the_defaults_are_ten_users_within_ten_seconds_for_a_minute() {
    assertEquals(10, LoadPlan.MODERATE.users());
    assertEquals(Duration.ofSeconds(10), LoadPlan.MODERATE.rampUp());
    assertEquals(Duration.ofSeconds(60), LoadPlan.MODERATE.duration());
    assertEquals(LoadPlan.HEAVY, LoadPlan.preset("heavy").orElseThrow());
    assertTrue(LoadPlan.preset("huge").isEmpty());
  }
}
