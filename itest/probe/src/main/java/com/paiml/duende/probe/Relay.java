package com.paiml.duende.probe;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.TraceContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Answers HTTP on the port in its variable {@code PORT} with the trace that it was called in, after calling the address in
 * {@code NEXT} in the same trace; and counts that as a daemon should.
 */
public final class Relay implements Daemon {
  private static final Duration LONG = Duration.ofHours(1);
  private static final int PATIENCE_MILLIS = 30_000;

  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "relay";
  }

  @Override
  public void init(DaemonConfig config) {}

  @Override
  public ExitReason run(DaemonContext context) throws IOException {
    DaemonConfig config = context.config();
    int port = Integer.parseInt(config.env("PORT").orElseThrow());
    String next = config.env("NEXT").orElse("");
    metrics.gauge("relay_port", () -> port);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 16);
    server.createContext("/", exchange -> answer(context, exchange, next));
    server.start();
    try {
      while (!context.shouldShutdown()) {
        boolean _ = context.sleep(LONG);
      }
    } finally {
      server.stop(0);
    }
    return new ExitReason.Graceful();
  }

  private void answer(DaemonContext context, HttpExchange exchange, String next)
      throws IOException {
    long began = System.nanoTime();
    try (exchange) {
      TraceContext caller =
          TraceContext.extract(exchange.getRequestHeaders()::get).orElseGet(TraceContext::newRoot);
      context.out().println("called in " + caller.toTraceparent());
      String answer = caller.toTraceparent();
      if (!next.isEmpty()) {
        answer += " " + call(next, caller.child());
      }
      byte[] text = answer.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, text.length);
      exchange.getResponseBody().write(text);
    } catch (IOException e) {
      metrics.recordError();
      throw e;
    } finally {
      metrics.recordRequestNanos(System.nanoTime() - began);
    }
  }

  private static String call(String next, TraceContext trace) throws IOException {
    if (!(URI.create(next).toURL().openConnection() instanceof HttpURLConnection http)) {
      throw new IOException(next + " is no HTTP");
    }
    http.setConnectTimeout(PATIENCE_MILLIS);
    http.setReadTimeout(PATIENCE_MILLIS);
    trace.inject(http::setRequestProperty);
    try (var in = http.getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Override
  public void shutdown(Duration timeout) {}

  @Override
  public HealthStatus healthCheck() {
    return HealthStatus.healthy(5);
  }

  @Override
  public DaemonMetrics metrics() {
    return metrics;
  }
}
