package com.paiml.duende.metrics.otlp;

import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.util.Collection;
import java.util.concurrent.atomic.LongAdder;

/** An exporter whose trouble is told once when it begins, and once when it is over, however many batches it lasts. */
final class Counted implements MetricExporter {
  private static final Logger LOG = System.getLogger(Counted.class.getName());

  private final MetricExporter exporter;
  private final URI endpoint;
  private final LongAdder pushed;
  private final LongAdder failed;
  // Written by the end of one batch at a time.
  private volatile String problem = "";

  Counted(MetricExporter exporter, URI endpoint, LongAdder pushed, LongAdder failed) {
    this.exporter = exporter;
    this.endpoint = endpoint;
    this.pushed = pushed;
    this.failed = failed;
  }

  /** Why the last batch was not taken; empty when it was. */
  String problem() {
    return problem;
  }

  @Override
  public CompletableResultCode export(Collection<MetricData> metrics) {
    CompletableResultCode result = exporter.export(metrics);
    return result.whenComplete(() -> judge(result));
  }

  private void judge(CompletableResultCode result) {
    if (result.isSuccess()) {
      if (!problem.isEmpty()) {
        problem = "";
        LOG.log(Level.INFO, "metrics reach " + endpoint + " again");
      }
      pushed.increment();
      return;
    }
    String why = why(result.getFailureThrowable());
    boolean isNew = problem.isEmpty();
    problem = why;
    if (isNew) {
      LOG.log(
          Level.WARNING,
          "metrics do not reach "
              + endpoint
              + ": "
              + why
              + "; daemons go on, each batch has all counts so far, and this is said once: see"
              + " 'duende metrics --export'");
    }
    failed.increment();
  }

  private static String why(@org.jspecify.annotations.Nullable Throwable fault) {
    Throwable root = fault;
    for (int depth = 0; root != null && root.getCause() != null && depth < 10; depth++) {
      root = root.getCause();
    }
    if (root == null) {
      return "the collector did not take the batch";
    }
    String text = root.getMessage();
    return text == null || text.isBlank() ? root.getClass().getSimpleName() : text.strip();
  }

  @Override
  public CompletableResultCode flush() {
    return exporter.flush();
  }

  @Override
  public CompletableResultCode shutdown() {
    return exporter.shutdown();
  }

  @Override
  public AggregationTemporality getAggregationTemporality(InstrumentType type) {
    return AggregationTemporality.CUMULATIVE;
  }
}
