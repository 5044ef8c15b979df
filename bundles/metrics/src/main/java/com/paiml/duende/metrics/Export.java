package com.paiml.duende.metrics;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.metrics.figure.Collector;
import com.paiml.duende.metrics.figure.ManagerFigures;
import com.paiml.duende.metrics.figure.Readings;
import com.paiml.duende.metrics.history.RedHistory;
import com.paiml.duende.metrics.http.HttpExport;
import com.paiml.duende.metrics.otlp.OtlpPush;
import com.paiml.duende.metrics.text.PrometheusText;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.MetricsExport;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Version;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** The service; it comes into being when it is first asked for. */
@Component(service = MetricsExport.class)
public final class Export implements MetricsExport {
  private final BundleContext context;
  private final ManagerFigures events = new ManagerFigures();
  private final Readings readings = new Readings();
  private final Collector collector = new Collector(this::manager, readings, events);
  private final RedHistory history = new RedHistory(this::manager, readings);
  private final LongAdder scrapes = new LongAdder();
  private final LongAdder pushed = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final ReentrantLock switching = new ReentrantLock();
  private @Nullable HttpExport http;
  private volatile @Nullable OtlpPush push;
  private volatile @Nullable URI serving;

  private volatile @Nullable DaemonManager manager;
  private volatile DaemonManager.@Nullable Subscription subscription;

  @Activate
  public Export(BundleContext context) {
    this.context = context;
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY,
      unbind = "forget")
  void bind(DaemonManager present) {
    manager = present;
    DaemonManager.Subscription before = subscription;
    subscription = present.watch(events);
    if (before != null) {
      before.close();
    }
  }

  @SuppressWarnings("ReferenceEquality") // the very object that was bound
  void forget(DaemonManager gone) {
    // A better one may have been bound before this one is taken away.
    if (manager == gone) {
      manager = null;
      DaemonManager.Subscription before = subscription;
      subscription = null;
      if (before != null) {
        before.close();
      }
    }
  }

  private Optional<DaemonManager> manager() {
    return Optional.ofNullable(manager);
  }

  @Override
  public String prometheus() {
    return PrometheusText.of(collector.collect());
  }

  @Override
  public URI serve(int port, Deadline deadline) throws DaemonException {
    switching.lock();
    try {
      HttpExport present = http;
      if (present == null) {
        present = new HttpExport(context, collector, scrapes);
        http = present;
      }
      return present.serve(port, deadline);
    } finally {
      serving = http == null ? null : http.serving().orElse(null);
      switching.unlock();
    }
  }

  @Override
  public void stopServing() {
    switching.lock();
    try {
      serving = null;
      if (http != null) {
        http.stop();
        http = null;
      }
    } finally {
      switching.unlock();
    }
  }

  @Override
  public void push(URI endpoint, Duration interval) throws DaemonException {
    switching.lock();
    try {
      OtlpPush next = new OtlpPush(endpoint, interval, resource(), collector, pushed, failed);
      OtlpPush before = push;
      push = next;
      if (before != null) {
        before.close();
      }
    } finally {
      switching.unlock();
    }
  }

  private Map<String, String> resource() {
    Version version = context.getBundle().getVersion();
    return Map.of("service.version", version.toString());
  }

  @Override
  public void stopPushing() {
    switching.lock();
    try {
      OtlpPush before = push;
      push = null;
      if (before != null) {
        before.close();
      }
    } finally {
      switching.unlock();
    }
  }

  @Override
  public Status status() {
    OtlpPush pushing = push;
    return new Status(
        Optional.ofNullable(serving),
        scrapes.sum(),
        Optional.ofNullable(pushing).map(OtlpPush::endpoint),
        pushed.sum(),
        failed.sum(),
        pushing == null ? "" : pushing.problem());
  }

  @Override
  public List<Interval> history(String daemon) {
    return history.of(daemon);
  }

  @Deactivate
  void close() {
    stopServing();
    stopPushing();
    history.close();
    readings.close();
  }
}
