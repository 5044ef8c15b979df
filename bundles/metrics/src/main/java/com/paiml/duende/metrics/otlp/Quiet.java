package com.paiml.duende.metrics.otlp;

import java.util.List;
import java.util.logging.Filter;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the SDK from logging every failed batch of ours, which {@link Counted} tells once. What others do with an SDK of their
 * own in this JVM goes on being told: only threads of this name are quiet.
 */
final class Quiet implements AutoCloseable {
  private static final List<String> TALKATIVE =
      List.of(
          "io.opentelemetry.exporter.otlp.internal.HttpExporter",
          "io.opentelemetry.sdk.metrics.export.PeriodicMetricReader");

  // Held, for a logger that nobody holds forgets its filter.
  private final List<Muted> muted;

  private record Muted(Logger logger, @Nullable Filter before) {}

  Quiet(String threads) {
    muted = TALKATIVE.stream().map(name -> mute(Logger.getLogger(name), threads)).toList();
  }

  private static Muted mute(Logger logger, String threads) {
    Filter before = logger.getFilter();
    logger.setFilter(entry -> isLoggable(entry, before, threads));
    return new Muted(logger, before);
  }

  private static boolean isLoggable(LogRecord entry, @Nullable Filter before, String threads) {
    return !Thread.currentThread().getName().startsWith(threads)
        && (before == null || before.isLoggable(entry));
  }

  @Override
  public void close() {
    muted.forEach(each -> each.logger().setFilter(each.before()));
  }
}
