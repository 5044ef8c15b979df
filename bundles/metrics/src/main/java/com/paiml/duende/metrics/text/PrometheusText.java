package com.paiml.duende.metrics.text;

import com.paiml.duende.metrics.figure.Distribution;
import com.paiml.duende.metrics.figure.Family;
import com.paiml.duende.metrics.figure.Family.Kind;
import com.paiml.duende.metrics.figure.Point;
import io.prometheus.metrics.config.EscapingScheme;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.PrometheusNaming;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * Families as Prometheus text, version 0.0.4. Names are changed as OpenTelemetry's Prometheus compatibility has it: dots become
 * underscores, the unit is appended, counters end in {@code _total}; of labels the prefix {@code duende.} goes as well. A name
 * in {@code .count} becomes a plural, {@code process_threads}: in Prometheus {@code _count} belongs to histograms.
 */
public final class PrometheusText {
  public static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private static final String OURS = "duende.";
  private static final String COUNT = ".count";

  private PrometheusText() {}

  /** The text. */
  public static String of(List<Family> families) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 14);
    try {
      write(families, out);
    } catch (IOException e) {
      throw new UncheckedIOException("memory does not fail to be written", e);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  /** Writes the text, UTF-8. */
  public static void write(List<Family> families, OutputStream out) throws IOException {
    PrometheusTextFormatWriter.create()
        .write(out, snapshots(families), EscapingScheme.UNDERSCORE_ESCAPING);
  }

  private static MetricSnapshots snapshots(List<Family> families) {
    List<MetricSnapshot> all = new ArrayList<>();
    Set<String> taken = new HashSet<>();
    for (Family family : families) {
      String name = name(family);
      // What a daemon calls its own may become the name of something else; the first one keeps it.
      if (taken.add(name)) {
        all.add(snapshot(family, new MetricMetadata(name, family.help())));
      }
    }
    return new MetricSnapshots(all);
  }

  static String name(Family family) {
    String unit =
        switch (family.unit()) {
          case "s" -> "_seconds";
          case "By" -> "_bytes";
          case "1" -> "_ratio";
          default -> "";
        };
    String name = plural(family).replace('.', '_') + unit;
    return PrometheusNaming.prometheusName(PrometheusNaming.sanitizeMetricName(name));
  }

  private static String plural(Family family) {
    String name = family.name();
    if (family.kind() == Kind.HISTOGRAM || !name.endsWith(COUNT)) {
      return name;
    }
    String noun = name.substring(0, name.length() - COUNT.length());
    return noun + (noun.endsWith("s") ? "es" : "s");
  }

  private static MetricSnapshot snapshot(Family family, MetricMetadata metadata) {
    if (family.kind() == Kind.HISTOGRAM) {
      return new HistogramSnapshot(
          metadata,
          family.points().stream()
              .filter(Point.Spread.class::isInstance)
              .map(Point.Spread.class::cast)
              .map(PrometheusText::histogram)
              .toList());
    }
    List<Point.Single> numbers =
        family.points().stream()
            .filter(Point.Single.class::isInstance)
            .map(Point.Single.class::cast)
            .toList();
    return family.kind() == Kind.COUNTER
        ? new CounterSnapshot(
            metadata,
            numbers.stream()
                .map(n -> new CounterDataPointSnapshot(n.value(), labels(n), null, 0L))
                .toList())
        : new GaugeSnapshot(
            metadata,
            numbers.stream()
                .map(n -> new GaugeDataPointSnapshot(n.value(), labels(n), null))
                .toList());
  }

  private static HistogramDataPointSnapshot histogram(Point.Spread point) {
    Distribution d = point.distribution();
    List<Double> bounds = new ArrayList<>(d.bounds());
    bounds.add(Double.POSITIVE_INFINITY);
    return new HistogramDataPointSnapshot(
        ClassicHistogramBuckets.of(bounds, d.counts()),
        d.sum(),
        labels(point),
        Exemplars.EMPTY,
        0L);
  }

  private static Labels labels(Point point) {
    List<String> names = new ArrayList<>();
    List<String> values = new ArrayList<>();
    new TreeMap<>(point.labels())
        .forEach(
            (name, value) -> {
              String short_ = name.startsWith(OURS) ? name.substring(OURS.length()) : name;
              names.add(short_.replace('.', '_'));
              values.add(value);
            });
    return Labels.of(names, values);
  }
}
