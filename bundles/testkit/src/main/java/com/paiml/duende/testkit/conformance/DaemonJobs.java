package com.paiml.duende.testkit.conformance;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Payload;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** The behaviours as {@link Daemon} objects, for adapters that run them in this JVM, and the census of them. */
public final class DaemonJobs implements Census {
  private static final Duration LONG = Duration.ofHours(1);

  private final Map<String, AtomicInteger> running = new ConcurrentHashMap<>();
  private final Set<String> ended = ConcurrentHashMap.newKeySet();

  /** The job; empty for what objects cannot do: to have processes, to be killed, to have an environment of their own. */
  public Optional<Job> job(Behaviour behaviour) {
    return switch (behaviour) {
      case Behaviour.Missing b ->
          Optional.of(
              job(
                  () -> {
                    throw new DaemonException(
                        ErrorCode.NOT_FOUND,
                        "com.example.Missing",
                        "is in no bundle",
                        "install the bundle that has it");
                  }));
      case Behaviour.Sleeps b -> work(c -> untilShutdown(c, () -> {}));
      case Behaviour.Exits b -> work(c -> ExitReason.ofCode(b.code()));
      case Behaviour.ExitsAfter b ->
          work(
              c -> {
                boolean _ = c.sleep(b.time());
                return ExitReason.ofCode(b.code());
              });
      case Behaviour.IgnoresTerm b -> work(this::ignoreEverything);
      case Behaviour.TakesToStop b ->
          work(
              c ->
                  untilShutdown(
                      c,
                      () -> {
                        long end = System.nanoTime() + b.time().toNanos();
                        while (System.nanoTime() - end < 0) {
                          LockSupport.parkNanos(end - System.nanoTime());
                        }
                        c.out().println("bye");
                      }));
      case Behaviour.Prints b ->
          work(
              c -> {
                for (int i = 1; i <= b.lines(); i++) {
                  c.out().println("line " + i + " of " + b.lines() + " " + "x".repeat(b.padding()));
                }
                return new ExitReason.Graceful();
              });
      case Behaviour.PrintsBoth b ->
          work(
              c -> {
                System.out.println("to out");
                System.err.println("to err");
                return new ExitReason.Graceful();
              });
      case Behaviour.Ticks b ->
          work(
              c -> {
                c.out().println("up");
                for (int i = 1; c.sleep(Duration.ofMillis(20)); i++) {
                  c.out().println("tick " + i);
                }
                return new ExitReason.Graceful();
              });
      case Behaviour.EchoesSignals b ->
          work(
              c -> {
                c.out().println("up");
                while (!c.shouldShutdown()) {
                  Optional<Signal> signal = c.awaitSignal(LONG);
                  signal.ifPresent(s -> c.out().println("got " + s));
                }
                return new ExitReason.Graceful();
              });
      case Behaviour.BurnsCpu b ->
          work(
              c -> {
                c.out().println("up");
                while (!c.shouldShutdown()) {
                  Thread.onSpinWait();
                }
                return new ExitReason.Graceful();
              });
      case Behaviour.DiesBySignal b -> Optional.empty();
      case Behaviour.ForksTree b -> Optional.empty();
      case Behaviour.LeavesOrphans b -> Optional.empty();
      case Behaviour.PrintsArguments b -> Optional.empty();
      case Behaviour.PrintsEnvironment b -> Optional.empty();
      case Behaviour.PrintsDirectory b -> Optional.empty();
      case Behaviour.PrintsOpenFiles b -> Optional.empty();
      case Behaviour.Allocates b -> Optional.empty();
      case Behaviour.Notifies b -> Optional.empty();
      case Behaviour.WritesReadyLine b -> Optional.empty();
      case Behaviour.TooLongPath b -> Optional.empty();
      case Behaviour.SymlinkLoop b -> Optional.empty();
    };
  }

  private static Job job(Payload.Source source) {
    return new Job(new Payload.InProcess(source), List.of());
  }

  /** The part of a daemon's life that differs. */
  private interface Work {
    ExitReason run(DaemonContext context);
  }

  private Optional<Job> work(Work work) {
    return Optional.of(job(() -> new Worker(work)));
  }

  private static ExitReason untilShutdown(DaemonContext context, Runnable farewell) {
    context.out().println("up");
    while (!context.shouldShutdown()) {
      boolean _ = context.sleep(LONG);
    }
    farewell.run();
    return new ExitReason.Graceful();
  }

  private ExitReason ignoreEverything(DaemonContext context) {
    context.out().println("up");
    // Not even interruption ends this; the end of the test does.
    while (!ended.contains(context.name())) {
      LockSupport.parkNanos(10_000_000);
      boolean _ = Thread.interrupted();
    }
    return new ExitReason.Graceful();
  }

  @Override
  public int alive(String marker) {
    AtomicInteger count = running.get(name(marker));
    return count == null ? 0 : count.get();
  }

  @Override
  public void end(String marker) {
    ended.add(name(marker));
  }

  private static String name(String marker) {
    return marker.substring(marker.indexOf('/') + 1);
  }

  /** One life. */
  private final class Worker implements Daemon {
    private final DaemonMetrics metrics = new DaemonMetrics();
    private final Work work;
    private volatile String name = "";

    Worker(Work work) {
      this.work = work;
    }

    @Override
    public DaemonId id() {
      return DaemonId.random();
    }

    @Override
    public String name() {
      return "conformance";
    }

    @Override
    public void init(DaemonConfig config) {
      name = config.name();
      running.computeIfAbsent(name, n -> new AtomicInteger()).incrementAndGet();
    }

    @Override
    public ExitReason run(DaemonContext context) {
      return work.run(context);
    }

    // A life ends here and not with the run, which never comes when shutdown is requested before
    // it.
    @Override
    public void shutdown(Duration timeout) {
      running.getOrDefault(name, new AtomicInteger()).decrementAndGet();
    }

    @Override
    public HealthStatus healthCheck() {
      return HealthStatus.healthy(5);
    }

    @Override
    public DaemonMetrics metrics() {
      return metrics;
    }
  }
}
