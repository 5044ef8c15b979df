package com.paiml.duende.metrics.otlp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.metrics.Managed;
import com.paiml.duende.metrics.figure.Collector;
import com.paiml.duende.metrics.figure.ManagerFigures;
import com.paiml.duende.metrics.figure.Readings;
import com.paiml.duende.testkit.Await;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A collector of the test's own, which reads the protobuf with OpenTelemetry's published messages. */
class OtlpPushTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration STEP = Duration.ofSeconds(1);

  private final Managed managed = new Managed();
  private final Readings readings = new Readings();
  private final LongAdder pushed = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final List<ExportMetricsServiceRequest> batches = new CopyOnWriteArrayList<>();
  private final List<String> said = new CopyOnWriteArrayList<>();
  private final Logger root = Logger.getLogger("");
  private final Handler ear =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          if (line.getLevel().intValue() >= Level.INFO.intValue()) {
            said.add(line.getLoggerName() + ": " + line.getMessage());
          }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };
  private HttpServer server;
  private volatile int status = 200;
  private volatile boolean silent;

  @BeforeEach
  void listen() throws IOException {
    root.addHandler(ear);
    serve(0);
  }

  private void serve(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 16);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/v1/metrics",
        exchange -> {
          while (silent) {
            Thread.onSpinWait();
            try {
              Thread.sleep(10);
            } catch (InterruptedException e) {
              return;
            }
          }
          try (InputStream in = exchange.getRequestBody()) {
            byte[] body = in.readAllBytes();
            boolean gzip = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
            if (status == 200) {
              batches.add(
                  ExportMetricsServiceRequest.parseFrom(
                      gzip
                          ? new GZIPInputStream(new java.io.ByteArrayInputStream(body))
                              .readAllBytes()
                          : body));
            }
          }
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void close() {
    silent = false;
    root.removeHandler(ear);
    server.stop(0);
    readings.close();
  }

  private OtlpPush push(URI endpoint) throws DaemonException {
    return new OtlpPush(
        endpoint,
        STEP,
        Map.of("service.instance.id", "0123abcd"),
        new Collector(() -> Optional.of(managed.manager()), readings, new ManagerFigures()),
        pushed,
        failed);
  }

  private URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private static List<Metric> metrics(ExportMetricsServiceRequest batch) {
    List<Metric> all = new ArrayList<>();
    batch
        .getResourceMetricsList()
        .forEach(r -> r.getScopeMetricsList().forEach(s -> all.addAll(s.getMetricsList())));
    return all;
  }

  private static Metric named(ExportMetricsServiceRequest batch, String name) {
    return metrics(batch).stream()
        .filter(m -> m.getName().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not in " + batch));
  }

  @Test
  void what_is_sent_can_be_read_and_means_what_was_counted() throws Exception {
    var own = managed.with("web");
    own.recordRequestNanos(2_000_000);
    own.recordRequestNanos(3_000_000_000L);
    own.recordError();
    try (OtlpPush push = push(endpoint())) {
      assertEquals("/v1/metrics", push.endpoint().getPath());
      Await.until("a batch arrives", PATIENCE, () -> !batches.isEmpty());
      ExportMetricsServiceRequest batch = batches.getFirst();
      String resource = batch.getResourceMetrics(0).getResource().toString();
      assertTrue(resource.contains("service.name") && resource.contains("duende"), resource);
      assertTrue(resource.contains("0123abcd"), resource);
      Metric requests = named(batch, "duende.daemon.requests");
      assertTrue(requests.getSum().getIsMonotonic());
      NumberDataPoint point = requests.getSum().getDataPoints(0);
      assertEquals(2.0, point.getAsDouble());
      assertTrue(point.getStartTimeUnixNano() < point.getTimeUnixNano());
      assertTrue(
          point.getAttributesList().stream()
              .anyMatch(
                  a ->
                      a.getKey().equals("duende.daemon")
                          && a.getValue().getStringValue().equals("web")));
      HistogramDataPoint durations =
          named(batch, "duende.daemon.request.duration").getHistogram().getDataPoints(0);
      assertEquals(2, durations.getCount());
      assertEquals(3.002, durations.getSum(), 1e-9);
      assertEquals(durations.getExplicitBoundsCount() + 1, durations.getBucketCountsCount());
      assertEquals("By", named(batch, "process.memory.usage").getUnit());
      assertFalse(named(batch, "process.thread.count").getSum().getIsMonotonic());
      Await.until("it is counted", PATIENCE, () -> pushed.sum() > 0);
    }
    assertEquals(0, failed.sum());
  }

  @Test
  void a_collector_that_is_down_is_told_once_and_once_when_it_is_back() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    server.stop(0);
    managed.with("web");
    try (OtlpPush push = push(URI.create("http://127.0.0.1:" + port + "/v1/metrics"))) {
      Await.until("three batches have failed", PATIENCE, () -> failed.sum() >= 3);
      assertEquals("nobody answers there", push.problem());
      assertEquals(1, said.size(), said::toString);
      assertTrue(said.getFirst().contains("do not reach"), said::toString);
      serve(port);
      Await.until("it reaches the collector again", PATIENCE, () -> pushed.sum() >= 2);
      assertEquals("", push.problem());
      assertEquals(2, said.size(), said::toString);
      assertTrue(said.getLast().contains("again"), said::toString);
    }
  }

  @Test
  void a_collector_that_refuses_is_told_with_its_answer_and_one_that_is_busy_is_asked_again()
      throws Exception {
    status = 404;
    managed.with("web");
    try (OtlpPush push = push(endpoint())) {
      Await.until("batches are refused", PATIENCE, () -> failed.sum() >= 2);
      assertEquals(1, said.size(), said::toString);
      assertTrue(push.problem().contains("404"), push.problem());
      status = 503;
      long before = failed.sum();
      Await.until("it goes on", PATIENCE, () -> failed.sum() > before);
      status = 200;
      Await.until("then they are taken", PATIENCE, () -> pushed.sum() > 0);
    }
    assertEquals(2, said.size(), said::toString);
  }

  @Test
  void a_collector_that_never_answers_holds_one_batch_and_no_more_and_no_collection()
      throws Exception {
    silent = true;
    managed.with("web");
    Collector collector =
        new Collector(() -> Optional.of(managed.manager()), readings, new ManagerFigures());
    OtlpPush push = push(endpoint());
    try {
      Await.until("a batch ran out of time", PATIENCE, () -> failed.sum() >= 1);
      assertFalse(collector.collect().isEmpty());
      long threads =
          Thread.getAllStackTraces().keySet().stream()
              .filter(t -> t.getName().startsWith("duende-otlp"))
              .count();
      assertTrue(threads <= 3, () -> threads + " threads");
      assertEquals(1, said.size(), said::toString);
    } finally {
      long closing = System.nanoTime();
      push.close();
      long took = System.nanoTime() - closing;
      assertTrue(took < Duration.ofSeconds(20).toNanos(), () -> "closed after " + took + " ns");
      assertEquals(1, said.size(), said::toString);
    }
    Await.until(
        "no thread of it is left",
        PATIENCE,
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(t -> t.getName().startsWith("duende-otlp")));
  }

  @Test
  void an_address_or_interval_that_cannot_be_is_refused() {
    for (String bad : List.of("", "localhost:4318", "ftp://127.0.0.1/", "http://u:p@h/")) {
      DaemonException e = assertThrows(DaemonException.class, () -> push(URI.create(bad)).close());
      assertTrue(e.getMessage().contains("no address of a collector"), e.getMessage());
    }
    DaemonException e =
        assertThrows(
            DaemonException.class,
            () ->
                new OtlpPush(
                    endpoint(),
                    Duration.ofMillis(10),
                    Map.of(),
                    new Collector(Optional::empty, readings, new ManagerFigures()),
                    pushed,
                    failed));
    assertTrue(e.getMessage().contains("1 s to 1 h"), e.getMessage());
    assertEquals(List.of(), said);
  }
}
