package com.paiml.duende.falsification;

import com.paiml.duende.api.TraceContext;
import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.testkit.Await;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.metrics.v1.NumberDataPoint;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes out, and whether others can read it. */
@Falsification
class MetricsClaims {
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String SPAN = "00f067aa0ba902b7";

  @TempDir Path folder;
  private Installed duende;
  private HttpClient http;

  @BeforeEach
  void install() throws Exception {
    duende = new Installed(Scene.distribution(), folder);
    http = HttpClient.newHttpClient();
  }

  @AfterEach
  void close() throws Exception {
    http.close();
    duende.close();
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private HttpResponse<String> get(String url) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create(url)).timeout(Installed.PATIENCE).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** A program, and an object that counts requests. */
  private int deployRelayAndProgram() throws Exception {
    duende.bundle(Path.of(System.getProperty("duende.probe")));
    int port = freePort();
    duende.daemonFile("relay", relay("relay", port, ""));
    duende.daemonFile(
        "program",
        "name = \"program\"\nbinary_path = \"/bin/sleep\"\nargs = [\"3600\"]\nenv = [\""
            + duende.mark()
            + "\"]\n");
    return port;
  }

  private String relay(String name, int port, String next) {
    return "name = \""
        + name
        + "\"\nclass = \"com.paiml.duende.probe.Relay\"\nbundle = \"com.paiml.duende.probe\"\n"
        + "env = [\"PORT="
        + port
        + "\", \"NEXT="
        + next
        + "\", \""
        + duende.mark()
        + "\"]\n[readiness]\ntype = \"tcp\"\naddress = \"127.0.0.1:"
        + port
        + "\"\ntimeout = \"60s\"\n";
  }

  private void awaitRunning(String... names) throws Exception {
    Await.until(
        String.join(", ", names) + " run",
        Installed.PATIENCE,
        () -> {
          String listed = duende.call("ps").ok();
          for (String name : names) {
            if (listed.lines().noneMatch(l -> l.startsWith(name + " ") && l.contains("running"))) {
              return false;
            }
          }
          return true;
        });
  }

  @Test
  void f047_promtool_accepts_what_is_scraped_over_http(Attempt attempt) throws Exception {
    Path promtool;
    try {
      promtool = Command.need("promtool", "prometheus");
    } catch (Missing e) {
      throw attempt.notRunHere(e.getMessage());
    }
    int relay = deployRelayAndProgram();
    int port = freePort();
    duende.property("duende.metrics.port", Integer.toString(port));
    duende.up();
    awaitRunning("relay", "program");
    for (int i = 0; i < 5; i++) {
      String _ = get("http://127.0.0.1:" + relay + "/").body();
    }
    String at = "http://127.0.0.1:" + port + "/metrics";
    Optional<HttpResponse<String>> scrape =
        Await.value(
            Installed.PATIENCE,
            () -> {
              try {
                return Optional.of(get(at))
                    .filter(r -> r.body().contains("duende_daemon_requests_total"));
              } catch (IOException e) {
                return Optional.empty();
              }
            });
    String text = scrape.orElseThrow().body();
    Path file = Files.writeString(folder.resolve("scrape"), text);
    Process process =
        new ProcessBuilder(promtool.toString(), "check", "metrics")
            .redirectInput(file.toFile())
            .redirectErrorStream(true)
            .start();
    String said =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    int verdict = process.waitFor();
    List<String> lacking = new ArrayList<>();
    for (String series :
        List.of(
            "duende_daemon_requests_total{daemon=\"relay\",platform=\"native\"} 5",
            "duende_daemon_request_duration_seconds_count{daemon=\"relay\",platform=\"native\"} 5",
            "duende_custom_relay_port{daemon=\"relay\",platform=\"native\"}",
            "process_memory_usage_bytes{daemon=\"program\",platform=\"native\"}",
            "duende_manager_daemons{state=\"running\"} 2",
            "jvm_memory_used_bytes{")) {
      if (text.lines().noneMatch(l -> l.startsWith(series))) {
        lacking.add(series);
      }
    }
    String type = scrape.get().headers().firstValue("Content-Type").orElse("");
    attempt.behaviour(
        verdict == 0 && lacking.isEmpty() && type.startsWith("text/plain; version=0.0.4"),
        text.lines().filter(l -> !l.startsWith("#")).count()
            + " series, Content-Type "
            + type
            + "; promtool check metrics: "
            + verdict
            + (said.isEmpty() ? "" : " (" + said.replace('\n', ';') + ")")
            + (lacking.isEmpty() ? "" : "; lacking " + lacking));
  }

  @Test
  void f048_a_collector_decodes_what_is_sent_by_otlp(Attempt attempt) throws Exception {
    List<ExportMetricsServiceRequest> batches = new CopyOnWriteArrayList<>();
    List<String> faults = new CopyOnWriteArrayList<>();
    HttpServer collector =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    collector.createContext(
        "/v1/metrics",
        exchange -> {
          try (exchange;
              InputStream body = exchange.getRequestBody()) {
            byte[] bytes = body.readAllBytes();
            boolean gzip = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
            batches.add(
                ExportMetricsServiceRequest.parseFrom(
                    gzip
                        ? new GZIPInputStream(new ByteArrayInputStream(bytes)).readAllBytes()
                        : bytes));
            exchange.sendResponseHeaders(200, -1);
          } catch (IOException e) {
            faults.add(e.toString());
          }
        });
    collector.start();
    try {
      int relay = deployRelayAndProgram();
      duende.property(
          "duende.metrics.otlp", "http://127.0.0.1:" + collector.getAddress().getPort());
      duende.property("duende.metrics.interval", "1s");
      duende.up();
      awaitRunning("relay", "program");
      for (int i = 0; i < 5; i++) {
        String _ = get("http://127.0.0.1:" + relay + "/").body();
      }
      Optional<Double> requests =
          Await.value(
              Installed.PATIENCE,
              () -> value(batches, "duende.daemon.requests", "relay").filter(v -> v == 5));
      Optional<Double> memory = value(batches, "process.memory.usage", "program");
      attempt.behaviour(
          requests.isPresent() && memory.orElse(0.0) > 0 && faults.isEmpty(),
          batches.size()
              + " batches decoded; requests of relay "
              + requests
              + " (5 were made), memory of program "
              + memory
              + ", faults "
              + faults);
    } finally {
      collector.stop(0);
    }
  }

  private static Optional<Double> value(
      List<ExportMetricsServiceRequest> batches, String name, String daemon) {
    return batches.reversed().stream()
        .flatMap(b -> b.getResourceMetricsList().stream())
        .flatMap(r -> r.getScopeMetricsList().stream())
        .flatMap(s -> s.getMetricsList().stream())
        .filter(m -> m.getName().equals(name))
        .map(Metric::getSum)
        .flatMap(sum -> sum.getDataPointsList().stream())
        .filter(p -> daemon.equals(attribute(p.getAttributesList(), "duende.daemon")))
        .map(NumberDataPoint::getAsDouble)
        .findFirst();
  }

  private static String attribute(List<KeyValue> all, String key) {
    return all.stream()
        .filter(a -> a.getKey().equals(key))
        .map(a -> a.getValue().getStringValue())
        .findFirst()
        .orElse("");
  }

  /** A is a program that finds its trace in its environment; B is an object here, C one in a JVM of its own. */
  @Test
  void f049_one_trace_spans_three_daemons(Attempt attempt) throws Exception {
    Path python;
    try {
      python = Command.need("python3", "python3");
    } catch (Missing e) {
      throw attempt.notRunHere(e.getMessage());
    }
    duende.bundle(Path.of(System.getProperty("duende.probe")));
    int b = freePort();
    int c = freePort();
    duende.daemonFile("b", relay("b", b, "http://127.0.0.1:" + c + "/"));
    duende.daemonFile("c", relay("c", c, "") + "[native]\nprocess = true\n");
    String script =
        "import os,urllib.request,time\\n"
            + "t=os.environ['TRACEPARENT']\\n"
            + "r=urllib.request.Request('http://127.0.0.1:"
            + b
            + "/',headers={'traceparent':t})\\n"
            + "print('trace',t,urllib.request.urlopen(r,timeout=60).read().decode(),flush=True)\\n"
            + "time.sleep(3600)";
    duende.daemonFile(
        "a",
        "name = \"a\"\nbinary_path = \""
            + python
            + "\"\nargs = [\"-c\", \""
            + script
            + "\"]\nenv = [\""
            + duende.mark()
            + "\"]\n[depends]\nrequires = [\"b\", \"c\"]\n");
    duende.up();
    Optional<String> line =
        Await.value(
            Installed.PATIENCE,
            () ->
                duende
                    .call("logs", "a")
                    .out()
                    .lines()
                    .filter(l -> l.startsWith("trace "))
                    .findFirst());
    String[] seen = line.orElse("").split(" ");
    Set<String> traces = new HashSet<>();
    Set<String> spans = new HashSet<>();
    for (int i = 1; i < seen.length; i++) {
      traces.add(seen[i].split("-")[1]);
      spans.add(seen[i].split("-")[2]);
    }
    attempt.behaviour(
        seen.length == 4 && traces.size() == 1 && spans.size() == 2,
        "A's, and what B and C were called with: " + line.orElse("nothing was called"));
  }

  @Test
  void f050_traceparent_is_read_as_the_w3c_says(Attempt attempt) {
    Map<String, Boolean> cases = new LinkedHashMap<>();
    String tail = TRACE + "-" + SPAN + "-";
    for (String valid :
        List.of(
            "00-" + tail + "00",
            "00-" + tail + "01",
            "00-" + tail + "02",
            "00-" + tail + "03",
            "00-" + tail + "ff",
            "01-" + tail + "01",
            "cc-" + tail + "01",
            "cc-" + tail + "01-what",
            "fe-" + tail + "01-a-b-c",
            "00-" + tail.replace('4', 'f') + "01")) {
      cases.put(valid, true);
    }
    for (String invalid :
        List.of(
            "",
            "00",
            "00-",
            "00-" + TRACE,
            "00-" + TRACE + "-" + SPAN,
            "00-" + tail,
            "00-" + tail + "1",
            "00-" + tail + "001",
            "00-" + tail + "0g",
            "00-" + tail + "0A",
            "00-" + tail + "01-",
            "00-" + tail + "01-x",
            "00-" + tail + "01.",
            "cc-" + tail + "01.x",
            "cc-" + tail + "01x",
            "ff-" + tail + "01",
            "FF-" + tail + "01",
            "0-" + tail + "01",
            "0g-" + tail + "01",
            "000-" + tail + "01",
            "00-" + "0".repeat(32) + "-" + SPAN + "-01",
            "00-" + TRACE + "-" + "0".repeat(16) + "-01",
            "00-" + tail.toUpperCase(java.util.Locale.ROOT) + "01",
            "00-" + TRACE.substring(1) + "-" + SPAN + "-01",
            "00-" + TRACE + "0-" + SPAN + "-01",
            "00-" + TRACE + "-" + SPAN.substring(1) + "-01",
            "00-" + TRACE.replace('4', '.') + "-" + SPAN + "-01",
            "00-" + TRACE + "-" + SPAN.replace('f', '.') + "-01",
            "00-" + TRACE.replace('4', '\u0664') + "-" + SPAN + "-01",
            "00_" + TRACE + "_" + SPAN + "_01",
            "00-" + tail + "01,00-" + tail + "01")) {
      cases.put(invalid, false);
    }
    List<String> wrong = new ArrayList<>();
    cases.forEach(
        (header, valid) -> {
          Optional<TraceContext> read =
              TraceContext.extract(
                  name -> name.equals("traceparent") ? List.of(header) : List.of());
          boolean right =
              valid
                  ? read.filter(t -> header.contains(t.traceId()) && header.contains(t.spanId()))
                      .isPresent()
                  : read.isEmpty();
          if (!right) {
            wrong.add("'" + header + "' read as " + read);
          }
        });
    boolean twice =
        TraceContext.extract(
                name ->
                    name.equals("traceparent")
                        ? List.of("00-" + tail + "01", "00-" + tail + "01")
                        : List.of())
            .isPresent();
    boolean state =
        TraceContext.parse("00-" + tail + "01", "a=1\r\nX: y").orElseThrow().state().isEmpty();
    attempt.behaviour(
        wrong.isEmpty() && !twice && state,
        cases.size()
            + " headers of level 1 and 2, valid and invalid; wrong: "
            + wrong
            + "; two headers are none: "
            + !twice
            + "; an invalid tracestate is dropped: "
            + state);
  }

  @Test
  void f051_traceparent_is_written_as_the_w3c_says(Attempt attempt) {
    int many = 100_000;
    int wrong = 0;
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < many; i++) {
      TraceContext root = TraceContext.newRoot();
      TraceContext child =
          new TraceContext(root.traceId(), root.child().spanId(), i & 255, "a=" + i);
      Map<String, List<String>> headers = new LinkedHashMap<>();
      child.inject((name, value) -> headers.put(name, List.of(value)));
      String header = headers.get("traceparent").getFirst();
      boolean grammar =
          header.matches("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");
      if (!grammar || !TraceContext.extract(headers::get).equals(Optional.of(child))) {
        wrong++;
      }
      ids.add(root.traceId());
    }
    attempt.behaviour(
        wrong == 0 && ids.size() == many,
        many + " written and read back, " + wrong + " wrong, " + ids.size() + " different traces");
  }
}
