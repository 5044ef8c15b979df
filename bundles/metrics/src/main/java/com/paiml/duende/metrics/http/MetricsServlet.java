package com.paiml.duende.metrics.http;

import com.paiml.duende.metrics.figure.Collector;
import com.paiml.duende.metrics.text.PrometheusText;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.LongAdder;

/** Answers scrapes; who asks must be on this machine, also where somebody else's HTTP server listens to the world. */
final class MetricsServlet extends HttpServlet {
  private static final long serialVersionUID = 1L;

  private final transient Collector collector;
  private final transient LongAdder scrapes;

  MetricsServlet(Collector collector, LongAdder scrapes) {
    this.collector = collector;
    this.scrapes = scrapes;
  }

  @Override
  protected void doHead(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (refused(request, response)) {
      return;
    }
    response.setContentType(PrometheusText.CONTENT_TYPE);
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    if (refused(request, response)) {
      return;
    }
    byte[] text = PrometheusText.of(collector.collect()).getBytes(StandardCharsets.UTF_8);
    response.setContentType(PrometheusText.CONTENT_TYPE);
    response.setContentLength(text.length);
    response.getOutputStream().write(text);
    scrapes.increment();
  }

  private static boolean refused(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    // The address comes from the connection and is a number: no name is looked up.
    if (InetAddress.getByName(request.getRemoteAddr()).isLoopbackAddress()) {
      return false;
    }
    response.sendError(HttpServletResponse.SC_FORBIDDEN, "only from this machine");
    return true;
  }
}
