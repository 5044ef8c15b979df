package com.paiml.duende.policy.breaker;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.PolicyConfig;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.spi.CircuitBreaker;
import com.paiml.duende.spi.PolicyEngine;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * Circuit breakers on the restarts of daemons whose file has {@code policy.breaker}, and on the starts of what depends on
 * them. A run counts as a success for each breaker timeout that it lasted: a daemon that becomes ready and dies a second
 * later has failed. While a breaker is open, neither the daemon nor what requires it or comes after it is started.
 */
@Component(service = {PolicyEngine.class, RestartBreakers.class})
public final class RestartBreakers implements PolicyEngine {
  private final LongSupplier clock;
  private final Map<String, Guard> guards = new ConcurrentHashMap<>();

  @Activate
  public RestartBreakers() {
    this(System::nanoTime);
  }

  RestartBreakers(LongSupplier clock) {
    this.clock = clock;
  }

  @Override
  public String name() {
    return "circuit-breaker";
  }

  /** The state of each breaker by the daemon's name, for people. */
  public Map<String, CircuitBreaker> breakers() {
    Map<String, CircuitBreaker> all = new TreeMap<>();
    guards.forEach((name, guard) -> all.put(name, guard.breaker));
    return all;
  }

  @Override
  public Verdict beforeDeploy(DaemonConfig config) {
    var _ = follow(config);
    return Verdict.ALLOW;
  }

  @Override
  public Verdict beforeStart(DaemonConfig config, long restarts) {
    for (String name : config.depends().requires()) {
      Guard guard = guards.get(name);
      if (guard != null && guard.breaker.state() == CircuitBreaker.State.OPEN) {
        return Verdict.later(
            "the circuit breaker of " + name + ", which it requires, is open", guard.untilTrial());
      }
    }
    Guard own = follow(config);
    return own == null ? Verdict.ALLOW : own.askToStart(clock);
  }

  @Override
  public void onEvent(DaemonEvent event, Actions actions) {
    Guard guard = guards.get(base(event.source().name()));
    if (event instanceof DaemonEvent.Removed) {
      guards.remove(base(event.source().name()));
    } else if (guard != null && event instanceof DaemonEvent.Exited exited) {
      long before = guard.breaker.trips();
      guard.exited(clock, exited.reason().isSuccess());
      if (guard.breaker.trips() > before) {
        actions.alert(
            event.source().name(),
            "circuit-breaker",
            "open for "
                + guard.settings.timeout().toMillis()
                + " ms after "
                + exited.reason().describe());
      }
    }
  }

  /** The guard as the configuration has it now; a changed breaker is a new one, closed. Null where it has none. */
  private @Nullable Guard follow(DaemonConfig config) {
    Optional<PolicyConfig.Breaker> wanted = config.policy().breaker();
    return guards.compute(
        config.name(),
        (name, guard) -> {
          if (wanted.isEmpty()) {
            return null;
          }
          return guard != null && guard.settings.equals(wanted.get())
              ? guard
              : Guard.following(guard, wanted.get(), clock);
        });
  }

  /** The instances of a daemon share its breaker. */
  private static String base(String name) {
    int dot = name.indexOf('.');
    return dot < 0 ? name : name.substring(0, dot);
  }

  private static final class Guard {
    private final PolicyConfig.Breaker settings;
    private final AtomicBreaker breaker;
    private long permit = CircuitBreaker.REFUSED;
    private long startedAt;

    Guard(PolicyConfig.Breaker settings, LongSupplier clock) {
      this.settings = settings;
      this.breaker =
          new AtomicBreaker(
              settings.failures(),
              settings.timeout(),
              settings.successes(),
              settings.halfOpen(),
              clock);
    }

    /** Closed, and for the run in progress too: a breaker that is changed while a daemon runs judges how that run ends. */
    static Guard following(
        @Nullable Guard before, PolicyConfig.Breaker settings, LongSupplier clock) {
      Guard guard = new Guard(settings, clock);
      guard.permit = guard.breaker.tryAcquire();
      guard.startedAt = before == null ? clock.getAsLong() : before.startedAt();
      return guard;
    }

    private synchronized long startedAt() {
      return startedAt;
    }

    Duration untilTrial() {
      Duration left = breaker.untilTrial();
      // Never zero: that would mean "do not ask again".
      return left.compareTo(Duration.ofMillis(10)) < 0 ? Duration.ofMillis(10) : left;
    }

    synchronized Verdict askToStart(LongSupplier clock) {
      long given = breaker.tryAcquire();
      if (given == CircuitBreaker.REFUSED) {
        return Verdict.later("its circuit breaker is " + words(breaker.state()), untilTrial());
      }
      permit = given;
      startedAt = clock.getAsLong();
      return Verdict.ALLOW;
    }

    synchronized void exited(LongSupplier clock, boolean success) {
      long lasted = clock.getAsLong() - startedAt;
      long spells = lasted / Math.max(1, settings.timeout().toNanos());
      if (success || spells > 0) {
        breaker.succeeded(permit);
        for (long i = 1; i < Math.min(spells, settings.successes()); i++) {
          // A long run is as good as several short ones.
          breaker.succeeded(permit);
        }
      } else {
        breaker.failed(permit);
      }
    }

    private static String words(CircuitBreaker.State state) {
      return state == CircuitBreaker.State.OPEN ? "open" : "half open, with a trial in progress";
    }
  }
}
