package com.paiml.duende.testkit.load;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.HdrHistogram.Histogram;

/** Makes load. An object makes one test. */
public final class LoadTest {
  /** How long requests that are in flight at the end may take before they are interrupted and counted as errors. */
  private static final Duration LAST_ANSWERS = Duration.ofSeconds(30);

  private static final Duration AFTER_INTERRUPT = Duration.ofSeconds(5);

  private final LoadPlan plan;
  private final LoadTarget target;
  private final Consumer<LoadProgress> progress;
  private final Recorder recorder = new Recorder();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Set<Thread> requests = ConcurrentHashMap.newKeySet();
  private volatile boolean stopped;

  /** @param progress is told once a second, on the caller's thread */
  public LoadTest(LoadPlan plan, LoadTarget target, Consumer<LoadProgress> progress) {
    this.plan = plan;
    this.target = target;
    this.progress = progress;
  }

  /** Runs the whole plan. */
  public static LoadReport run(LoadPlan plan, LoadTarget target) throws InterruptedException {
    return new LoadTest(plan, target, p -> {}).run();
  }

  /**
   * Runs the plan and waits for its end.
   *
   * @throws InterruptedException when the caller is interrupted; no request is then in flight any more
   */
  public LoadReport run() throws InterruptedException {
    Instant began = Instant.now();
    long start = System.nanoTime();
    long end = start + plan.duration().toNanos();
    List<Thread> threads = new ArrayList<>();
    Phaser users = new Phaser(1);
    try {
      if (plan.loop() == LoadPlan.Loop.CLOSED) {
        for (int i = 0; i < plan.users(); i++) {
          int user = i;
          int _ = users.register();
          threads.add(
              Thread.ofVirtual()
                  .name("duende-load-" + i)
                  .start(
                      () -> {
                        try {
                          user(user, start, end);
                        } finally {
                          int _ = users.arriveAndDeregister();
                        }
                      }));
        }
      } else {
        threads.add(
            Thread.ofPlatform()
                .name("duende-load-schedule")
                .daemon(true)
                .start(() -> arrivals(start, end)));
      }
      watch(start, end, users);
    } finally {
      stopped = true;
      finish(threads);
    }
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    return LoadReport.of(plan, began, took, recorder);
  }

  /** Tells of the progress until the time is over or every user has gone. */
  private void watch(long start, long end, Phaser users) throws InterruptedException {
    long last = start;
    long next = start + TimeUnit.SECONDS.toNanos(1);
    while (System.nanoTime() - end < 0
        && !(plan.loop() == LoadPlan.Loop.CLOSED && users.getRegisteredParties() == 1)) {
      TimeUnit.NANOSECONDS.sleep(
          Math.min(TimeUnit.MILLISECONDS.toNanos(20), end - System.nanoTime()));
      long now = System.nanoTime();
      if (now - next >= 0) {
        Histogram fresh = recorder.sinceLast();
        progress.accept(
            new LoadProgress(
                Duration.ofNanos(now - start),
                recorder.answers(),
                recorder.errors(),
                inFlight.get(),
                fresh.getTotalCount() * 1e9 / (now - last),
                Duration.ofNanos(fresh.getValueAtPercentile(99))));
        last = now;
        next = now + TimeUnit.SECONDS.toNanos(1);
      }
    }
  }

  /** What is still in flight is waited for: to leave it out would leave out the slowest. */
  private void finish(List<Thread> threads) throws InterruptedException {
    long deadline = System.nanoTime() + LAST_ANSWERS.toNanos();
    while (inFlight.get() > 0 && System.nanoTime() - deadline < 0) {
      Thread.sleep(5);
    }
    threads.forEach(Thread::interrupt);
    requests.forEach(Thread::interrupt);
    for (Thread thread : threads) {
      var _ = thread.join(AFTER_INTERRUPT);
    }
    for (Thread thread : requests) {
      var _ = thread.join(AFTER_INTERRUPT);
    }
  }

  private void user(int user, long start, long end) {
    long come = start + plan.rampUp().toNanos() * user / plan.users();
    // With a rate each user has a schedule of its own; without one it is due when it is free.
    long interval = plan.rate() == 0 ? 0 : (long) (1e9 * plan.users() / plan.rate());
    long due = come;
    try {
      TimeUnit.NANOSECONDS.sleep(come - System.nanoTime());
      for (int n = 0; plan.requestsPerUser() == 0 || n < plan.requestsPerUser(); n++) {
        if (interval > 0) {
          TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
        } else {
          due = System.nanoTime();
        }
        if (stopped || due - end >= 0 || System.nanoTime() - end >= 0) {
          return;
        }
        one(due);
        due += interval;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void arrivals(long start, long end) {
    try {
      for (long n = 0; !stopped; n++) {
        long due = start + due(n);
        if (due - end >= 0) {
          return;
        }
        TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
        if (inFlight.get() >= LoadPlan.MOST_IN_FLIGHT) {
          recorder.refused("more than " + LoadPlan.MOST_IN_FLIGHT + " wait for their answers");
          continue;
        }
        int _ = inFlight.incrementAndGet();
        Thread request =
            Thread.ofVirtual()
                .unstarted(
                    () -> {
                      try {
                        ask(due);
                      } finally {
                        int _ = inFlight.decrementAndGet();
                        requests.remove(Thread.currentThread());
                      }
                    });
        requests.add(request);
        request.start();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** When the n-th request is due, nanoseconds from the start: the rate grows evenly over the ramp, then it is kept. */
  private long due(long n) {
    double ramp = plan.rampUp().toNanos() / 1e9;
    double within = plan.rate() * ramp / 2;
    double seconds =
        n < within ? Math.sqrt(2 * n * ramp / plan.rate()) : ramp + (n - within) / plan.rate();
    return (long) (seconds * 1e9);
  }

  private void one(long due) {
    int _ = inFlight.incrementAndGet();
    try {
      ask(due);
    } finally {
      int _ = inFlight.decrementAndGet();
    }
  }

  @SuppressWarnings("CatchingUnchecked") // whatever a target throws is an error of its own
  private void ask(long due) {
    long sent = System.nanoTime();
    try {
      target.request();
    } catch (InterruptedException e) {
      recorder.error("not answered " + LAST_ANSWERS.toSeconds() + " s after the end");
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      String message = e.getMessage();
      recorder.error(message == null ? e.getClass().getSimpleName() : message);
    } finally {
      recorder.record(due, sent, System.nanoTime());
    }
  }
}
