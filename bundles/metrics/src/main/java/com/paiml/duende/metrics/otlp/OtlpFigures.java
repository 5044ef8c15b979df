package com.paiml.duende.metrics.otlp;

import com.paiml.duende.metrics.figure.Distribution;
import com.paiml.duende.metrics.figure.Family;
import com.paiml.duende.metrics.figure.Point;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.GaugeData;
import io.opentelemetry.sdk.metrics.data.HistogramData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.SumData;
import io.opentelemetry.sdk.metrics.internal.data.ImmutableMetricData;
import io.opentelemetry.sdk.resources.Resource;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Families as the data of OpenTelemetry, cumulative. The one class of it that the SDK calls internal comes with this bundle. */
final class OtlpFigures {
  private static final InstrumentationScopeInfo SCOPE =
      InstrumentationScopeInfo.create("com.paiml.duende");

  private OtlpFigures() {}

  static List<MetricData> of(List<Family> families, Resource resource, Instant now) {
    long at = nanos(now);
    return families.stream().map(family -> data(family, resource, at)).toList();
  }

  private static MetricData data(Family family, Resource resource, long at) {
    String name = family.name();
    String help = family.help();
    String unit = family.unit();
    return switch (family.kind()) {
      case COUNTER ->
          ImmutableMetricData.createDoubleSum(
              resource, SCOPE, name, help, unit, sum(family, true, at));
      case UP_DOWN_COUNTER ->
          ImmutableMetricData.createDoubleSum(
              resource, SCOPE, name, help, unit, sum(family, false, at));
      case GAUGE ->
          ImmutableMetricData.createDoubleGauge(
              resource,
              SCOPE,
              name,
              help,
              unit,
              GaugeData.createDoubleGaugeData(numbers(family, at)));
      case HISTOGRAM ->
          ImmutableMetricData.createDoubleHistogram(
              resource,
              SCOPE,
              name,
              help,
              unit,
              HistogramData.create(AggregationTemporality.CUMULATIVE, spreads(family, at)));
    };
  }

  private static SumData<DoublePointData> sum(Family family, boolean monotonic, long at) {
    return SumData.createDoubleSumData(
        monotonic, AggregationTemporality.CUMULATIVE, numbers(family, at));
  }

  private static List<DoublePointData> numbers(Family family, long at) {
    return family.points().stream()
        .filter(Point.Single.class::isInstance)
        .map(Point.Single.class::cast)
        .map(
            n ->
                DoublePointData.create(
                    start(n, at), at, attributes(n.labels()), n.value(), List.of()))
        .toList();
  }

  private static List<HistogramPointData> spreads(Family family, long at) {
    return family.points().stream()
        .filter(Point.Spread.class::isInstance)
        .map(Point.Spread.class::cast)
        .map(
            s -> {
              Distribution d = s.distribution();
              return HistogramPointData.create(
                  start(s, at),
                  at,
                  attributes(s.labels()),
                  d.sum(),
                  false,
                  0,
                  false,
                  0,
                  d.bounds(),
                  d.counts());
            })
        .toList();
  }

  private static long start(Point point, long at) {
    return Math.min(at, nanos(point.start()));
  }

  private static Attributes attributes(Map<String, String> labels) {
    AttributesBuilder builder = Attributes.builder();
    labels.forEach(builder::put);
    return builder.build();
  }

  private static long nanos(Instant time) {
    return TimeUnit.SECONDS.toNanos(time.getEpochSecond()) + time.getNano();
  }
}
