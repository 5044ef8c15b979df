package com.paiml.duende.metrics.figure;

import com.paiml.duende.control.AdapterInfo;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonListener;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.metrics.figure.Family.Kind;
import java.time.Instant;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/** What the manager does: its events from the moment that somebody first asked, and how things stand. */
public final class ManagerFigures implements DaemonListener {
  private static final long LONGEST_NANOS = TimeUnit.HOURS.toNanos(1);

  private final Instant start = Instant.now();
  private final Map<String, LongAdder> events = new ConcurrentHashMap<>();
  private final LongAdder missed = new LongAdder();
  private final Histogram ready = new ConcurrentHistogram(LONGEST_NANOS, 2);
  private final LongAdder readyNanos = new LongAdder();

  @Override
  public void onEvent(DaemonEvent event) {
    switch (event) {
      case DaemonEvent.Missed lost -> missed.add(lost.count());
      case DaemonEvent.BecameReady became -> {
        long nanos = Math.clamp(became.took().toNanos(), 0, LONGEST_NANOS);
        ready.recordValue(nanos);
        readyNanos.add(nanos);
        count(event);
      }
      default -> count(event);
    }
  }

  private void count(DaemonEvent event) {
    events
        .computeIfAbsent(word(event.getClass().getSimpleName()), kind -> new LongAdder())
        .increment();
  }

  /** {@code StateChanged} as {@code state_changed}. */
  private static String word(String type) {
    return type.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
  }

  void add(Families families, DaemonManager manager, Collection<DaemonInfo> daemons) {
    Map<String, Long> states =
        daemons.stream()
            .collect(
                Collectors.groupingBy(
                    d -> d.status().state().name().toLowerCase(Locale.ROOT),
                    TreeMap::new,
                    Collectors.counting()));
    states.forEach(
        (state, n) ->
            families.add(
                "duende.manager.daemons",
                Kind.UP_DOWN_COUNTER,
                "{daemon}",
                "Daemons in each state",
                Map.of("duende.state", state),
                start,
                n));
    new TreeMap<>(events)
        .forEach(
            (kind, n) ->
                families.add(
                    "duende.manager.events",
                    Kind.COUNTER,
                    "{event}",
                    "Events since the export was first asked for",
                    Map.of("duende.event", kind),
                    start,
                    (double) n.sum()));
    families.add(
        "duende.manager.events.missed",
        Kind.COUNTER,
        "{event}",
        "Events that came faster than they were counted",
        Map.of(),
        start,
        (double) missed.sum());
    if (ready.getTotalCount() > 0) {
      families.add(
          "duende.manager.ready.duration",
          "s",
          "From the start of a run until it was ready",
          Map.of(),
          start,
          Distribution.of(ready, readyNanos.sum() / 1e9));
    }
    for (AdapterInfo adapter : manager.adapters()) {
      families.add(
          "duende.adapter.present",
          Kind.GAUGE,
          "",
          "Whether the platform can start daemons now",
          Map.of(DaemonFigures.PLATFORM, adapter.platform()),
          start,
          adapter.fingerprint().present() ? 1 : 0);
    }
  }
}
