package com.paiml.duende.metrics.figure;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.metrics.Managed;
import com.paiml.duende.metrics.text.PrometheusText;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CollectorTest {
  private final Managed managed = new Managed();
  private final Readings readings = new Readings();

  @AfterEach
  void close() {
    readings.close();
  }

  private Collector collector() {
    return new Collector(() -> Optional.of(managed.manager()), readings, new ManagerFigures());
  }

  private String text() {
    return PrometheusText.of(collector().collect());
  }

  @Test
  void a_daemons_own_counts_and_what_the_platform_says_of_it_are_series_of_its_name() {
    var own = managed.with("web");
    own.recordRequestNanos(2_000_000);
    own.recordRequestNanos(4_000_000);
    own.recordError();
    own.gauge("queue_depth", () -> 7);
    own.gauge("jobs_total", () -> 41);
    String text = text();
    for (String line :
        List.of(
            "duende_daemon_requests_total{daemon=\"web\",platform=\"native\"} 2.0",
            "duende_daemon_errors_total{daemon=\"web\",platform=\"native\"} 1.0",
            "duende_daemon_request_duration_seconds_count{daemon=\"web\",platform=\"native\"} 2",
            "duende_daemon_request_duration_seconds_sum{daemon=\"web\",platform=\"native\"} 0.006",
            "duende_daemon_restarts_total{daemon=\"web\",platform=\"native\"} 2.0",
            "duende_daemon_up{daemon=\"web\",platform=\"native\"} 1.0",
            "duende_custom_queue_depth{daemon=\"web\",platform=\"native\"} 7.0",
            "duende_custom_jobs_total{daemon=\"web\",platform=\"native\"} 41.0",
            "# TYPE duende_custom_jobs_total counter",
            "process_cpu_time_seconds_total{daemon=\"web\",platform=\"native\"} 1.5",
            "process_memory_usage_bytes{daemon=\"web\",platform=\"native\"} 4096.0",
            "process_threads{daemon=\"web\",platform=\"native\"} 3.0",
            "process_unix_file_descriptors{daemon=\"web\",platform=\"native\"} 4.0",
            "process_disk_io_bytes_total{daemon=\"web\",disk_io_direction=\"read\",platform=\"native\"}"
                + " 5.0",
            "process_context_switches_total{daemon=\"web\",platform=\"native\","
                + "process_context_switch_type=\"involuntary\"} 8.0",
            "duende_manager_daemons{state=\"running\"} 1.0",
            "# TYPE jvm_memory_used_bytes gauge")) {
      assertTrue(text.lines().anyMatch(line::equals), () -> line + " is in\n" + text);
    }
    assertFalse(text.contains("process_network_io"), "what the platform does not know is no zero");
  }

  @Test
  void a_gauge_that_blocks_holds_up_nobody_else_and_is_not_asked_again_until_it_answers()
      throws Exception {
    CountDownLatch block = new CountDownLatch(1);
    try {
      managed
          .with("stuck")
          .gauge(
              "never",
              () -> {
                try {
                  block.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException("a daemon's code was interrupted", e);
                }
                return 1;
              });
      managed.with("web").recordRequest();
      Collector collector = collector();
      String first = PrometheusText.of(collector.collect());
      assertTrue(first.contains("duende_daemon_requests_total{daemon=\"web\""), first);
      assertFalse(first.contains("duende_daemon_requests_total{daemon=\"stuck\""), first);
      assertTrue(first.contains("duende_daemon_up{daemon=\"stuck\""), "its state is known");
      assertTrue(first.contains("duende_metrics_missed_total 1.0"), first);
    } finally {
      block.countDown();
    }
    Await.until(
        "it is asked again once it has answered",
        Duration.ofMinutes(1),
        () -> text().contains("duende_custom_never{daemon=\"stuck\""));
  }

  @Test
  void a_gauge_that_throws_costs_its_own_daemon_its_figures_and_no_other() {
    managed
        .with("bad")
        .gauge(
            "boom",
            () -> {
              throw new IllegalStateException("boom");
            });
    managed.with("web").recordRequest();
    String text = text();
    assertTrue(text.contains("duende_daemon_requests_total{daemon=\"web\""), text);
    assertTrue(text.contains("process_memory_usage_bytes{daemon=\"bad\""), text);
    assertFalse(text.contains("boom"), text);
  }

  @Test
  void many_who_ask_at_once_cost_one_collection() {
    managed.with("web");
    Collector collector = collector();
    for (int i = 0; i < 50; i++) {
      collector.collect();
    }
    // On a machine that stops for a second between two calls there is one more.
    assertTrue(managed.lists.get() <= 10, () -> managed.lists.get() + " collections");
  }

  @Test
  void a_name_that_two_daemons_give_to_different_things_stays_the_first_ones() {
    managed.with("a").gauge("jobs_total", () -> 1);
    managed.with("b").gauge("jobs", () -> 2);
    String text = text();
    assertTrue(text.contains("duende_custom_jobs_total{daemon=\"a\""), text);
    assertFalse(text.contains("duende_custom_jobs{daemon=\"b\""), text);
    assertTrue(text.contains("duende_metrics_omitted_total 1.0"), text);
  }

  @Test
  void without_a_manager_there_is_still_the_jvm() {
    String text =
        PrometheusText.of(new Collector(Optional::empty, readings, new ManagerFigures()).collect());
    assertTrue(text.contains("jvm_threads{jvm_thread_daemon=\"true\"}"), text);
    assertFalse(text.contains("duende_daemon"), text);
  }

  @Test
  void series_are_bounded() {
    for (int d = 0; d < 250; d++) {
      var own = managed.with("d" + d);
      for (int i = 0; i < 900; i++) {
        own.gauge("g" + i, () -> 1);
      }
    }
    List<Family> families = collector().collect();
    long points = families.stream().mapToLong(f -> f.points().size()).sum();
    assertTrue(points <= Families.MOST + 1000, () -> points + " points");
    assertTrue(families.stream().anyMatch(f -> f.name().equals("duende.metrics.omitted")));
  }
}
