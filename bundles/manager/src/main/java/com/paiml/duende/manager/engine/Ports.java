package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.PlatformAdapter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The adapters that are there, one in use for each platform. Any thread may call. */
final class Ports {
  private static final Duration LOOK = Duration.ofSeconds(10);
  private static final Duration FRESH = Duration.ofSeconds(5);
  private static final int TABLES = 256;

  /** One adapter while it is in use. */
  static final class Port {
    final String platform;
    final PlatformAdapter adapter;
    final String bundle;
    final long epoch;

    /** Whether the runs of before have been taken up: nothing is started until then. */
    volatile boolean open;

    private volatile @Nullable Seen seen;

    // By what daemons' tables say; most say nothing, and many the same.
    private final Map<Map<String, Object>, Seen> tables = new HashMap<>();

    private record Seen(Fingerprint fingerprint, long at) {}

    private Port(String platform, PlatformAdapter adapter, String bundle, long epoch) {
      this.platform = platform;
      this.adapter = adapter;
      this.bundle = bundle;
      this.epoch = epoch;
    }

    /** What the adapter finds of its platform, at most a few seconds old. */
    Fingerprint fingerprint() {
      Seen known = seen;
      return known == null || System.nanoTime() - known.at() > FRESH.toNanos()
          ? lookAgain(known)
          : known.fingerprint();
    }

    /** Of many who find it old at once, one looks. */
    private synchronized Fingerprint lookAgain(@Nullable Seen old) {
      Seen known = seen;
      return known == null || known.equals(old) ? look() : known.fingerprint();
    }

    /** As {@link #fingerprint()}, for a daemon whose table may say where to look. */
    Fingerprint fingerprint(DaemonConfig config) {
      Map<String, Object> table = config.table(platform);
      if (table.isEmpty()) {
        return fingerprint();
      }
      synchronized (tables) {
        Seen known = tables.get(table);
        if (known != null && System.nanoTime() - known.at() <= FRESH.toNanos()) {
          return known.fingerprint();
        }
      }
      return look(config);
    }

    /** What it finds for a daemon now. */
    Fingerprint look(DaemonConfig config) {
      Map<String, Object> table = config.table(platform);
      if (table.isEmpty()) {
        return look();
      }
      Fingerprint found = adapter.fingerprint(config, Deadline.after(LOOK));
      synchronized (tables) {
        if (tables.size() >= TABLES) {
          tables.clear();
        }
        tables.put(table, new Seen(found, System.nanoTime()));
      }
      return found;
    }

    /** What it finds now. */
    synchronized Fingerprint look() {
      Fingerprint found = adapter.fingerprint(Deadline.after(LOOK));
      seen = new Seen(found, System.nanoTime());
      return found;
    }
  }

  private record Offer(PlatformAdapter adapter, String platform, String bundle, int ranking) {}

  private final Map<String, List<Offer>> offers = new HashMap<>();
  // Changed under the lock, read without it: every start asks.
  private final Map<String, Port> ports = new ConcurrentSkipListMap<>();
  private final AtomicLong epochs = new AtomicLong();

  /** @return the port that is in use from now on, where the adapter is to be used */
  synchronized Optional<Port> add(
      PlatformAdapter adapter, String platform, String bundle, int ranking) {
    List<Offer> all = offers.computeIfAbsent(platform, p -> new ArrayList<>());
    all.add(new Offer(adapter, platform, bundle, ranking));
    all.sort(Comparator.comparingInt(Offer::ranking).reversed());
    if (ports.containsKey(platform)) {
      // One that is in use stays so: a better one that comes later does not pull runs from under
      // it.
      return Optional.empty();
    }
    return Optional.of(use(all.getFirst()));
  }

  private Port use(Offer offer) {
    Port port =
        new Port(offer.platform(), offer.adapter(), offer.bundle(), epochs.incrementAndGet());
    ports.put(offer.platform(), port);
    notifyAll();
    return port;
  }

  /** What has become of a platform when an adapter has left. */
  record Change(Port gone, Optional<Port> instead) {}

  /** @return empty when the adapter was not in use */
  synchronized Optional<Change> remove(PlatformAdapter adapter) {
    for (Map.Entry<String, List<Offer>> e : offers.entrySet()) {
      e.getValue().removeIf(o -> o.adapter().equals(adapter));
      Port port = ports.get(e.getKey());
      if (port != null && port.adapter.equals(adapter)) {
        ports.remove(e.getKey());
        return Optional.of(
            new Change(
                port,
                e.getValue().isEmpty()
                    ? Optional.empty()
                    : Optional.of(use(e.getValue().getFirst()))));
      }
    }
    return Optional.empty();
  }

  Optional<Port> find(String platform) {
    return Optional.ofNullable(ports.get(platform));
  }

  Optional<Port> of(DaemonHandle handle) {
    return find(handle.platform());
  }

  List<Port> all() {
    return List.copyOf(ports.values());
  }

  /** Waits for an adapter. */
  synchronized Optional<Port> await(String platform, Deadline deadline)
      throws InterruptedException {
    while (!ports.containsKey(platform) && !deadline.hasPassed()) {
      wait(Math.max(1, deadline.remaining().toMillis()));
    }
    return find(platform);
  }
}
