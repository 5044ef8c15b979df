package com.paiml.duende.metrics.otlp;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.metrics.figure.Collector;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.common.ComponentLoader;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * Batches to one collector, by OpenTelemetry's SDK: one reader thread, one batch under way, each with a deadline and few
 * retries. Counts are cumulative, so that a batch which is lost loses no count: the next one has it. Nothing is queued.
 */
public final class OtlpPush implements AutoCloseable {
  private static final Duration LEAST = Duration.ofSeconds(1);
  private static final Duration MOST = Duration.ofHours(1);
  private static final Duration BATCH = Duration.ofSeconds(10);
  private static final String THREADS = "duende-otlp-";
  private static final long LARGEST_BYTES = 64L << 20;

  private final URI endpoint;
  private final Counted exporter;
  private final SdkMeterProvider provider;
  private final ScheduledExecutorService timer;
  private final ExecutorService calls;
  private final Quiet quiet;

  /**
   * Begins at once.
   *
   * @param resource who sends, beside {@code service.name}
   * @throws DaemonException {@code configuration}
   */
  public OtlpPush(
      URI endpoint,
      Duration interval,
      Map<String, String> resource,
      Collector collector,
      LongAdder pushed,
      LongAdder failed)
      throws DaemonException {
    this.endpoint = checked(endpoint);
    if (interval.compareTo(LEAST) < 0 || interval.compareTo(MOST) > 0) {
      throw fault(interval + " is not an interval from 1 s to 1 h", "such as 15s");
    }
    quiet = new Quiet(THREADS);
    ThreadFactory threads = threads();
    timer = Executors.newSingleThreadScheduledExecutor(threads);
    calls = Executors.newFixedThreadPool(2, threads);
    exporter =
        new Counted(
            OtlpHttpMetricExporter.builder()
                .setEndpoint(this.endpoint.toString())
                .setTimeout(BATCH)
                .setConnectTimeout(Duration.ofSeconds(3))
                .setCompression("gzip")
                .setMaxRequestBodySize(LARGEST_BYTES)
                .setRetryPolicy(
                    RetryPolicy.builder()
                        .setMaxAttempts(3)
                        .setInitialBackoff(Duration.ofMillis(500))
                        .setMaxBackoff(Duration.ofSeconds(2))
                        .setBackoffMultiplier(2)
                        .build())
                .setExecutorService(calls)
                .setComponentLoader(ComponentLoader.forClassLoader(OtlpPush.class.getClassLoader()))
                .build(),
            this.endpoint,
            pushed,
            failed);
    provider =
        SdkMeterProvider.builder()
            .setResource(resource(resource))
            .registerMetricReader(
                PeriodicMetricReader.builder(exporter)
                    .setInterval(interval)
                    .setExecutor(timer)
                    .build())
            .registerMetricProducer(
                described -> OtlpFigures.of(collector.collect(), described, Instant.now()))
            .build();
  }

  private static Resource resource(Map<String, String> more) {
    var attributes = Attributes.builder().put("service.name", "duende");
    more.forEach(attributes::put);
    return Resource.getDefault().merge(Resource.create(attributes.build()));
  }

  private static URI checked(URI endpoint) throws DaemonException {
    String scheme = endpoint.getScheme();
    if (scheme == null
        || !(scheme.equals("http") || scheme.equals("https"))
        || endpoint.getHost() == null
        || endpoint.getUserInfo() != null) {
      throw fault(
          endpoint + " is no address of a collector", "such as http://127.0.0.1:4318/v1/metrics");
    }
    String path = endpoint.getPath();
    return path == null || path.isEmpty() || path.equals("/")
        ? endpoint.resolve("/v1/metrics")
        : endpoint;
  }

  private static DaemonException fault(String problem, String remedy) {
    return new DaemonException(ErrorCode.CONFIGURATION, "metrics by OTLP", problem, remedy);
  }

  private static ThreadFactory threads() {
    AtomicInteger number = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, THREADS + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  public URI endpoint() {
    return endpoint;
  }

  /** Why the last batch was not taken; empty when it was. */
  public String problem() {
    return exporter.problem();
  }

  /** Sends a last batch, waiting two seconds at most, and not at all where the batches before did not arrive. */
  @Override
  public void close() {
    if (!exporter.problem().isEmpty()) {
      exporter.end();
    }
    CompletableResultCode _ = provider.shutdown().join(2, TimeUnit.SECONDS);
    timer.shutdownNow();
    calls.shutdownNow();
    quiet.close();
  }
}
