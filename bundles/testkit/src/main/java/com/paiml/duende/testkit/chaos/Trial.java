package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Chaos;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * One experiment: breaks, watches, mends when its time is over or when somebody else suffers, and looks how long the targets
 * take to be well again. Owns one thread until it is finished.
 */
final class Trial implements Chaos.Experiment {
  /** How long the targets may take to be well again. */
  static final Duration RECOVERY = Duration.ofSeconds(60);

  private static final String IN_PROGRESS = "in progress";
  private static final int MOST_LINES = 2000;

  private final Chaos.Plan plan;
  private final DaemonManager manager;
  private final Instant began = Instant.now();
  private final long start = System.nanoTime();
  private final List<String> lines = new ArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private final CountDownLatch mended = new CountDownLatch(1);
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile String verdict = IN_PROGRESS;
  private volatile String aborted = "";

  Trial(Chaos.Plan plan, DaemonManager manager) {
    this.plan = plan;
    this.manager = manager;
  }

  /** Injects in the caller's thread, so that it learns of a refusal; everything after that happens in the trial's own. */
  void begin(Fault fault, ChaosScene scene) throws DaemonException, InterruptedException {
    DaemonManager.Subscription watch =
        manager.watch(new Sentinel(plan.targets(), this::note, this::abort));
    Fault.Injection injection;
    try {
      List<String> ill = ill();
      if (!ill.isEmpty()) {
        note("not well before it began: " + String.join(", ", ill));
      }
      injection = fault.inject(scene);
    } catch (DaemonException | InterruptedException | RuntimeException e) {
      watch.close();
      finished.countDown();
      mended.countDown();
      throw e;
    }
    var _ =
        Thread.ofPlatform()
            .name("duende-chaos-" + fault.name())
            .daemon(true)
            .start(() -> watch(injection, watch));
  }

  private void watch(Fault.Injection injection, DaemonManager.Subscription watch) {
    try {
      boolean ended = false;
      try {
        ended = over.await(plan.duration().toNanos(), TimeUnit.NANOSECONDS);
      } finally {
        mend(injection, ended);
      }
      recover();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      watch.close();
      finished.countDown();
    }
  }

  private void mend(Fault.Injection injection, boolean early) {
    try {
      injection.close();
      note("mended" + (early ? ", before its time" : ""));
    } catch (DaemonException e) {
      note("NOT MENDED: " + e.getMessage());
      verdict = "not mended: " + e.getMessage();
    } finally {
      mended.countDown();
    }
  }

  private void recover() throws InterruptedException {
    long from = System.nanoTime();
    List<String> ill = ill();
    while (!ill.isEmpty() && System.nanoTime() - from < RECOVERY.toNanos()) {
      Thread.sleep(50);
      ill = ill();
    }
    String took = String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - from) / 1e9);
    String outcome =
        ill.isEmpty()
            ? "all targets are well, " + took + " after it was mended"
            : "not well " + took + " after it was mended: " + String.join(", ", ill);
    note(outcome);
    if (verdict.equals(IN_PROGRESS)) {
      verdict = aborted.isEmpty() ? outcome : "aborted: " + aborted + "; " + outcome;
    }
  }

  /** The targets that do not run, are not ready or not healthy. */
  private List<String> ill() {
    List<String> ill = new ArrayList<>();
    for (DaemonInfo d : manager.list()) {
      if (Names.covers(plan.targets(), d.name())) {
        Optional<HealthStatus.State> health = d.health().map(HealthStatus::state);
        boolean well =
            d.status().state() == State.RUNNING
                && d.ready()
                && d.adapterPresent()
                && health.filter(h -> h == HealthStatus.State.UNHEALTHY).isEmpty();
        if (!well) {
          ill.add(d.name());
        }
      }
    }
    return ill;
  }

  void note(String what) {
    double seconds = (System.nanoTime() - start) / 1e9;
    synchronized (lines) {
      if (lines.size() < MOST_LINES) {
        lines.add(String.format(Locale.ROOT, "%8.3f s  %s", seconds, what));
      } else if (lines.size() == MOST_LINES) {
        lines.add("          …  more than " + MOST_LINES + " lines: the rest is left out");
      }
    }
  }

  /** Called on one thread, that of the events. */
  private void abort(String why) {
    if (over.getCount() > 0) {
      aborted = why;
      note("ABORTED: " + why);
      over.countDown();
    }
  }

  /** The lines from this one on. */
  List<String> lines(int from) {
    synchronized (lines) {
      return from >= lines.size() ? List.of() : List.copyOf(lines.subList(from, lines.size()));
    }
  }

  /** Whether nobody else suffered, everything was mended and the targets are well again. */
  boolean succeeded() {
    return finished.getCount() == 0 && verdict.startsWith("all targets are well");
  }

  boolean awaitFinished(Duration time) throws InterruptedException {
    return finished.await(time.toNanos(), TimeUnit.NANOSECONDS);
  }

  String verdict() {
    return verdict;
  }

  @Override
  public boolean isActive() {
    return mended.getCount() > 0;
  }

  @Override
  public String report() {
    StringBuilder text = new StringBuilder();
    text.append("chaos ").append(plan.fault()).append('\n');
    text.append("targets   ").append(String.join(", ", plan.targets())).append('\n');
    text.append("          (nothing else may suffer)\n");
    String parameters = new Parameters(plan.fault(), plan.parameters()).toString();
    text.append("with      ").append(parameters.isEmpty() ? "-" : parameters).append('\n');
    text.append("duration  ").append(com.paiml.duende.api.Durations.format(plan.duration()));
    text.append(", seed ").append(plan.seed()).append('\n');
    text.append("began     ").append(began).append("\n\n");
    lines(0).forEach(l -> text.append(l).append('\n'));
    text.append("\nverdict   ").append(verdict).append('\n');
    return text.toString();
  }

  /** Mends now, and returns when that is done. */
  @Override
  public void close() {
    over.countDown();
    try {
      var _ = mended.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
