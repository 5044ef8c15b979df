package com.paiml.duende.metrics.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.metrics.Managed;
import com.paiml.duende.metrics.figure.Collector;
import com.paiml.duende.metrics.figure.Family;
import com.paiml.duende.metrics.figure.Family.Kind;
import com.paiml.duende.metrics.figure.ManagerFigures;
import com.paiml.duende.metrics.figure.Point;
import com.paiml.duende.metrics.figure.Readings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrometheusTextTest {
  @TempDir Path folder;

  private void promtoolAccepts(String text, boolean lint) throws Exception {
    Path promtool;
    try {
      promtool = Command.need("promtool", "prometheus");
    } catch (Missing e) {
      Assumptions.abort(e.getMessage());
      return;
    }
    Path file = Files.writeString(folder.resolve("metrics"), text);
    Process process =
        new ProcessBuilder(promtool.toString(), "check", "metrics")
            .redirectInput(file.toFile())
            .redirectErrorStream(true)
            .start();
    String said =
        new String(
            process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    int status = process.waitFor();
    // 1: not the format; 3: the format, with names that Prometheus would not have chosen.
    assertTrue(status == 0 || (!lint && status == 3), () -> status + ": " + said + "\n" + text);
  }

  @Test
  void promtool_has_nothing_to_say_against_what_is_exported() throws Exception {
    Managed managed = new Managed();
    var own = managed.with("web");
    own.recordRequestNanos(1_000_000);
    own.recordError();
    own.gauge("queue_depth", () -> 7);
    own.gauge("jobs_total", () -> 41);
    try (Readings readings = new Readings()) {
      String text =
          PrometheusText.of(
              new Collector(() -> Optional.of(managed.manager()), readings, new ManagerFigures())
                  .collect());
      assertTrue(text.contains("duende_custom_jobs_total"), text);
      promtoolAccepts(text, true);
    }
  }

  @Test
  void whatever_a_daemon_calls_its_own_figures_the_text_stays_valid() throws Exception {
    Managed managed = new Managed();
    var own = managed.with("web");
    for (String name :
        List.of(
            "a",
            "a_total",
            "b_total",
            "b",
            "_total",
            "_",
            "x_count",
            "x_sum",
            "x_bucket",
            "x_info",
            "x_created",
            "y_total_total",
            "total",
            "_info",
            "created",
            "n_a_n",
            "requests_total",
            "daemon",
            "le",
            "__name__",
            "Z_TOTAL",
            "seconds",
            "bytes_total")) {
      own.gauge(name, () -> 1);
    }
    own.gauge("nan", () -> Double.NaN);
    own.gauge("inf", () -> Double.POSITIVE_INFINITY);
    own.gauge("falls_total", () -> -1);
    own.gauge("nan_total", () -> Double.NaN);
    try (Readings readings = new Readings()) {
      String text =
          PrometheusText.of(
              new Collector(() -> Optional.of(managed.manager()), readings, new ManagerFigures())
                  .collect());
      assertTrue(text.contains("duende_custom_nan{daemon=\"web\",platform=\"native\"} NaN"), text);
      promtoolAccepts(text, false);
    }
  }

  @Test
  void label_values_are_escaped() throws Exception {
    String nasty = "quote\" back\\slash new\nline \u00e9 } = ,";
    String text =
        PrometheusText.of(
            List.of(
                new Family(
                    "some.thing",
                    Kind.GAUGE,
                    "By",
                    "With \\ and \n in it",
                    List.of(new Point.Single(Map.of("duende.daemon", nasty), Instant.EPOCH, 1)))));
    assertTrue(
        text.contains(
            "some_thing_bytes{daemon=\"quote\\\" back\\\\slash new\\nline \u00e9 } = ,\"} 1.0"),
        text);
    assertEquals(3, text.lines().count(), text);
    promtoolAccepts(text, true);
  }

  @Test
  void names_follow_opentelemetrys_rules_for_prometheus() {
    assertEquals("process_cpu_time_seconds", name("process.cpu.time", Kind.COUNTER, "s"));
    assertEquals(
        "jvm_cpu_recent_utilization_ratio", name("jvm.cpu.recent_utilization", Kind.GAUGE, "1"));
    assertEquals("jvm_classes", name("jvm.class.count", Kind.UP_DOWN_COUNTER, "{class}"));
    assertEquals("process_threads", name("process.thread.count", Kind.UP_DOWN_COUNTER, "{thread}"));
  }

  private static String name(String name, Kind kind, String unit) {
    return PrometheusText.name(new Family(name, kind, unit, "", List.of()));
  }
}
