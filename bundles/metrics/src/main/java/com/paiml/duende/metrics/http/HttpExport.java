package com.paiml.duende.metrics.http;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.metrics.figure.Collector;
import com.paiml.duende.spi.Deadline;
import jakarta.servlet.Servlet;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/**
 * A servlet for the HTTP whiteboard (OSGi Compendium, Servlet Whiteboard 2.0), and, where the container has no whiteboard, the
 * distribution's own server behind it, on 127.0.0.1. Used by one thread at a time.
 */
public final class HttpExport {
  static final String PATH = "/metrics";

  private static final Logger LOG = System.getLogger(HttpExport.class.getName());
  private static final String RUNTIME = "org.osgi.service.servlet.runtime.HttpServiceRuntime";
  private static final String ENDPOINT = "osgi.http.endpoint";
  private static final String SERVER_PID = "org.apache.felix.http";
  private static final int PROBE_MILLIS = 2000;

  private final BundleContext context;
  private final Collector collector;
  private final LongAdder scrapes;
  private final HttpBundles bundles;
  private @Nullable ServiceRegistration<Servlet> servlet;
  private @Nullable URI serving;

  public HttpExport(BundleContext context, Collector collector, LongAdder scrapes) {
    this.context = context;
    this.collector = collector;
    this.scrapes = scrapes;
    this.bundles = new HttpBundles(context);
  }

  public Optional<URI> serving() {
    return Optional.ofNullable(serving);
  }

  /** Answers at this port, or, where somebody else's server is there, at its own. */
  public URI serve(int port, Deadline deadline) throws DaemonException {
    if (port < 1 || port > 65535) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "metrics over HTTP",
          port + " is not a port",
          "give a number from 1 to 65535, such as 9464");
    }
    if (serving != null && serving.getPort() == port) {
      return serving;
    }
    // Before anything is taken down: what is served goes on being served when this cannot be.
    boolean foreign = !bundles.isInstalled() && endpoint().isPresent();
    if (!foreign) {
      checkFree(port);
    }
    stop();
    try {
      if (!foreign) {
        configure(port);
        bundles.install();
      }
      servlet =
          context.registerService(
              Servlet.class,
              new MetricsServlet(collector, scrapes),
              FrameworkUtil.asDictionary(
                  Map.of(
                      "osgi.http.whiteboard.servlet.name",
                      "duende-metrics",
                      "osgi.http.whiteboard.servlet.pattern",
                      PATH)));
      URI at = awaitAnswer(port, foreign, deadline);
      serving = at;
      return at;
    } catch (DaemonException e) {
      stop();
      throw e;
    }
  }

  /** Ends it, and removes the server where it is ours. */
  public void stop() {
    serving = null;
    ServiceRegistration<Servlet> was = servlet;
    servlet = null;
    if (was != null) {
      try {
        was.unregister();
      } catch (IllegalStateException e) {
        LOG.log(Level.DEBUG, "is gone already", e);
      }
    }
    if (bundles.isInstalled()) {
      bundles.uninstall();
      forget();
    }
  }

  private static void checkFree(int port) throws DaemonException {
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          "metrics over HTTP",
          "port " + port + " of 127.0.0.1 cannot be had: " + e.getMessage(),
          "choose another",
          e);
    }
  }

  /** Before the server starts, so that it never listens anywhere else. */
  private void configure(int port) throws DaemonException {
    Map<String, Object> settings = new HashMap<>();
    settings.put("org.apache.felix.http.enable", true);
    settings.put("org.apache.felix.http.host", "127.0.0.1");
    settings.put("org.osgi.service.http.port", port);
    settings.put("org.apache.felix.https.enable", false);
    settings.put("org.apache.felix.http.jetty.threadpool.max", 12);
    settings.put("org.apache.felix.http.jetty.acceptors", 1);
    settings.put("org.apache.felix.http.jetty.selectors", 1);
    settings.put("org.apache.felix.http.jetty.sendServerHeader", false);
    settings.put("org.apache.felix.http.mbeans", false);
    try {
      configuration().update(FrameworkUtil.asDictionary(settings));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, "metrics over HTTP", "cannot configure the server: " + e, "", e);
    }
  }

  private void forget() {
    try {
      configuration().delete();
    } catch (DaemonException | IOException | IllegalStateException e) {
      LOG.log(Level.DEBUG, "the server's configuration stays until the container stops", e);
    }
  }

  private Configuration configuration() throws DaemonException, IOException {
    ServiceReference<ConfigurationAdmin> reference =
        context.getServiceReference(ConfigurationAdmin.class);
    ConfigurationAdmin admin = reference == null ? null : context.getService(reference);
    if (admin == null) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          "metrics over HTTP",
          "this container has no Configuration Admin",
          "install org.apache.felix.configadmin");
    }
    return admin.getConfiguration(SERVER_PID, "?");
  }

  private URI awaitAnswer(int port, boolean foreign, Deadline deadline) throws DaemonException {
    String last = "no server has appeared";
    do {
      Optional<URI> at =
          foreign ? endpoint() : Optional.of(URI.create("http://127.0.0.1:" + port + PATH));
      if (at.isPresent()) {
        last = probe(at.get());
        if (last.isEmpty()) {
          return at.get();
        }
      }
      try {
        TimeUnit.MILLISECONDS.sleep(20);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        last = "interrupted";
      }
    } while (!deadline.hasPassed() && !Thread.currentThread().isInterrupted());
    throw new DaemonException(
        ErrorCode.TIMEOUT,
        "metrics over HTTP",
        "nothing answers on port " + port + ": " + last,
        "see the container's log");
  }

  /** Empty when it answers. */
  private static String probe(URI at) {
    try {
      if (!(at.toURL().openConnection(java.net.Proxy.NO_PROXY) instanceof HttpURLConnection http)) {
        return at + " is no HTTP";
      }
      http.setRequestMethod("HEAD");
      http.setConnectTimeout(PROBE_MILLIS);
      http.setReadTimeout(PROBE_MILLIS);
      int status = http.getResponseCode();
      http.disconnect();
      return status == 200 ? "" : "status " + status;
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** Where the whiteboard's server listens; empty when there is none, or it does not say. */
  private Optional<URI> endpoint() {
    ServiceReference<?> runtime = context.getServiceReference(RUNTIME);
    if (runtime == null) {
      return Optional.empty();
    }
    List<String> endpoints =
        switch (runtime.getProperty(ENDPOINT)) {
          case String one -> List.of(one);
          case String[] many -> Arrays.asList(many);
          case java.util.Collection<?> many -> many.stream().map(String::valueOf).toList();
          case null, default -> List.of();
        };
    return endpoints.stream()
        .filter(e -> e.startsWith("http://"))
        .map(e -> URI.create(e.replaceFirst("/*$", "") + PATH))
        .findFirst();
  }
}
