package com.paiml.duende.metrics.otlp;

import io.opentelemetry.exporter.internal.FailedExportException;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.HttpResponse;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.util.Collection;
import java.util.concurrent.TimeoutException;
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
  private volatile boolean ended;

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

  /** Sends nothing from now on. */
  void end() {
    ended = true;
  }

  @Override
  public CompletableResultCode export(Collection<MetricData> metrics) {
    if (ended) {
      return CompletableResultCode.ofSuccess();
    }
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
    if (fault instanceof FailedExportException.HttpExportException http) {
      HttpResponse answer = http.getResponse();
      if (answer != null) {
        return "it answers with status " + answer.getStatusCode();
      }
    }
    // The outermost that says something: what lies below are the workings of the HTTP client.
    Throwable cause = fault;
    for (int depth = 0; cause != null && depth < 10; depth++) {
      if (cause instanceof ConnectException) {
        return "nobody answers there";
      }
      if (cause instanceof HttpTimeoutException || cause instanceof TimeoutException) {
        return "it does not answer in time";
      }
      if (cause instanceof IOException && cause.getMessage() != null) {
        return cause.getMessage().strip();
      }
      cause = cause.getCause();
    }
    String text = fault == null ? null : fault.getMessage();
    return text == null || text.isBlank() ? "it does not take them" : text.strip();
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
