package com.paiml.duende.policy.jidoka;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.spi.JidokaCheck;
import com.paiml.duende.spi.PolicyEngine;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * Stops the line: makes the registered checks when their kind says so, and at the first violation ends the daemon. Checks
 * run on a few threads of the gate's own, each under a deadline; one that hangs takes its thread with it, is counted as a
 * violation, and does not hold up the others until all threads are gone (then further checks fail for want of one).
 */
@Component(service = PolicyEngine.class)
public final class JidokaGate implements PolicyEngine {
  private static final Duration DEADLINE = Duration.ofSeconds(1);
  private static final int THREADS = 4;

  private final Map<JidokaCheck, String> checks = new ConcurrentHashMap<>();
  private final Map<String, Actions> running = new ConcurrentHashMap<>();
  private final ThreadPoolExecutor workers;
  private final ScheduledExecutorService clock;
  // Only while there are checks: nobody is woken each second for nothing.
  private @Nullable ScheduledFuture<?> patrols;

  @Activate
  public JidokaGate() {
    workers =
        new ThreadPoolExecutor(
            0,
            THREADS,
            10,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().name("jidoka-check-", 0).daemon().factory());
    clock =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("jidoka").daemon().factory());
  }

  @Deactivate
  synchronized void deactivate() {
    clock.shutdownNow();
    workers.shutdownNow();
  }

  @Reference(
      service = JidokaCheck.class,
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      unbind = "remove")
  synchronized void add(JidokaCheck check, Map<String, Object> properties) {
    Object daemon = properties.get(JidokaCheck.DAEMON);
    checks.put(check, daemon instanceof String name ? name : "*");
    if (patrols == null && !clock.isShutdown()) {
      patrols = clock.scheduleWithFixedDelay(this::patrol, 1, 1, TimeUnit.SECONDS);
    }
  }

  synchronized void remove(JidokaCheck check) {
    checks.remove(check);
    ScheduledFuture<?> now = patrols;
    if (now != null && checks.isEmpty()) {
      boolean _ = now.cancel(false);
      patrols = null;
    }
  }

  @Override
  public String name() {
    return "jidoka";
  }

  @Override
  public Verdict beforeStart(DaemonConfig config, long restarts) {
    return firstViolation(config.name(), JidokaCheck.Kind.PRECONDITION)
        .map(Verdict::deny)
        .orElse(Verdict.ALLOW);
  }

  @Override
  public void onEvent(DaemonEvent event, Actions actions) {
    String name = event.source().name();
    switch (event) {
      case DaemonEvent.StateChanged s -> {
        if (s.to().equals(DaemonStatus.RUNNING)) {
          running.put(name, actions);
        } else {
          running.remove(name);
        }
      }
      case DaemonEvent.Exited e ->
          submit(
              () ->
                  firstViolation(
                          name, JidokaCheck.Kind.POSTCONDITION, JidokaCheck.Kind.RESOURCE_LEAK)
                      .ifPresent(detail -> actions.halt(name, detail)));
      case DaemonEvent.Removed r -> running.remove(name);
      default -> {}
    }
  }

  /** Not on the engine's thread, and only when there is something to look at. */
  private void submit(Runnable task) {
    if (!checks.isEmpty()) {
      clock.execute(task);
    }
  }

  /** Whether it looks at daemons now and then. */
  synchronized boolean isPatrolling() {
    return patrols != null;
  }

  private void patrol() {
    running.forEach(
        (name, actions) ->
            firstViolation(name, JidokaCheck.Kind.INVARIANT, JidokaCheck.Kind.TIMEOUT)
                .ifPresent(detail -> actions.halt(name, detail)));
  }

  /** The first violation among the daemon's checks of these kinds: name, evidence and what to do. */
  private Optional<String> firstViolation(String daemon, JidokaCheck.Kind... kinds) {
    if (checks.isEmpty()) {
      return Optional.empty();
    }
    return checks.entrySet().stream()
        .filter(e -> e.getValue().equals("*") || e.getValue().equals(daemon))
        .map(Map.Entry::getKey)
        .filter(c -> Stream.of(kinds).anyMatch(k -> k == c.kind()))
        .map(c -> words(c, make(c, daemon)))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private JidokaCheck.Result make(JidokaCheck check, String daemon) {
    Future<JidokaCheck.Result> made;
    try {
      made = workers.submit(() -> check.check(daemon));
    } catch (RejectedExecutionException e) {
      return JidokaCheck.Result.violated(
          "all " + THREADS + " threads of the gate are held by checks that do not return",
          "mend those checks, then restart the policy bundle");
    }
    try {
      return made.get(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      made.cancel(true);
      return JidokaCheck.Result.violated(
          "the check did not answer within " + DEADLINE.toMillis() + " ms", "");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      return JidokaCheck.Result.violated("the check failed: " + cause, "");
    } catch (InterruptedException e) {
      made.cancel(true);
      Thread.currentThread().interrupt();
      // The gate is being taken down; that is nothing against the daemon.
      return JidokaCheck.Result.PASSED;
    }
  }

  private static Optional<String> words(JidokaCheck check, JidokaCheck.Result result) {
    if (result.passed()) {
      return Optional.empty();
    }
    String kind = check.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
    return Optional.of(
        kind
            + " \""
            + check.name()
            + "\" violated: "
            + result.evidence()
            + (result.recommendation().isEmpty() ? "" : "; " + result.recommendation()));
  }
}
