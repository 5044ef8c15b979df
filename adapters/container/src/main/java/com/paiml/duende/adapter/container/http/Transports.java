package com.paiml.duende.adapter.container.http;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.HttpClientTransport;
import org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP;
import org.eclipse.jetty.http.PreEncodedHttpField;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.client.transport.HttpClientTransportOverHTTP2;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP client, made when the first engine is spoken to and shared by all connections: one selector and a few threads,
 * however many engines and containers there are.
 */
public final class Transports implements AutoCloseable {
  private static final int MAX_THREADS = 12;
  private static final int CONNECTIONS = 512;
  private static final long CONNECT_MILLIS = 5_000;
  private static final int THREAD_IDLE_MILLIS = 10_000;

  /** How long a connection that nobody uses is kept for whoever asks next. */
  private static final Duration UNUSED = Duration.ofSeconds(30);

  private final Duration unused;
  private @Nullable HttpClient one;
  private @Nullable HttpClient two;
  private boolean closed;
  private final Asked asked = new Asked();

  public Transports() {
    this(UNUSED);
  }

  /** @param unused after this a connection that nobody uses is closed */
  Transports(Duration unused) {
    this.unused = unused;
  }

  /** A connection to the engine behind a socket, in HTTP/1.1. */
  public UnixHttp http(Path socket, String title) {
    return new UnixHttp(socket, title, this::overHttp, asked);
  }

  /** The same in HTTP/2, from its first byte. */
  public UnixHttp http2(Path socket, String title) {
    return new UnixHttp(socket, title, this::overHttp2, asked);
  }

  private synchronized HttpClient overHttp() throws DaemonException {
    HttpClient client = one;
    if (client == null) {
      client = start(HttpClientTransportOverHTTP::new);
      one = client;
    }
    return client;
  }

  private synchronized HttpClient overHttp2() throws DaemonException {
    HttpClient client = two;
    if (client == null) {
      client =
          start(
              connector -> {
                HTTP2Client http2 = new HTTP2Client(connector);
                // A stream of events may be silent for as long as nothing happens.
                http2.setIdleTimeout(0);
                http2.setStreamIdleTimeout(0);
                return new HttpClientTransportOverHTTP2(http2);
              });
      two = client;
    }
    return client;
  }

  /**
   * Jetty asks the thread's class loader for its encoders of header lines, once and for all; in a container that loader knows
   * nothing of this bundle, and HTTP/2 would have none.
   */
  private static void loadEncoders() throws DaemonException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    ClassLoader ours = Transports.class.getClassLoader();
    try {
      thread.setContextClassLoader(ours);
      Class<?> _ = Class.forName(PreEncodedHttpField.class.getName(), true, ours);
    } catch (ClassNotFoundException e) {
      throw new DaemonException(
          ErrorCode.INTERNAL,
          "container",
          "its HTTP client is not whole: " + e.getMessage(),
          "",
          e);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private HttpClient start(Function<ClientConnector, HttpClientTransport> transport)
      throws DaemonException {
    if (closed) {
      throw new DaemonException(
          ErrorCode.ADAPTER_GONE, "container", "its adapter is being stopped", "start it again");
    }
    loadEncoders();
    QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, 1, THREAD_IDLE_MILLIS);
    threads.setName("duende-container");
    threads.setDaemon(true);
    ClientConnector connector = new ClientConnector();
    connector.setSelectors(1);
    connector.setExecutor(threads);
    connector.setScheduler(new ScheduledExecutorScheduler("duende-container-timer", true));
    connector.setConnectTimeout(Duration.ofMillis(CONNECT_MILLIS));
    connector.setIdleTimeout(unused);
    HttpClient client = new HttpClient(transport.apply(connector));
    client.setExecutor(threads);
    client.setMaxConnectionsPerDestination(CONNECTIONS);
    client.setFollowRedirects(false);
    client.setUserAgentField(null);
    client.setConnectTimeout(CONNECT_MILLIS);
    // Nothing but what is asked for: no decoding of content, no authentication.
    client.getContentDecoderFactories().clear();
    try {
      client.start();
      return client;
    } catch (Exception e) {
      throw new DaemonException(
          ErrorCode.INTERNAL, "container", "its HTTP client does not start: " + e, "", e);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    stop(one);
    stop(two);
    one = null;
    two = null;
    // A client that stops may drop an answer that has just come.
    asked.close();
  }

  private static void stop(@Nullable HttpClient client) {
    if (client == null) {
      return;
    }
    try {
      client.stop();
    } catch (Exception e) {
      System.getLogger(Transports.class.getName())
          .log(System.Logger.Level.WARNING, "stopping the HTTP client: " + e);
    }
  }
}
