package com.paiml.duende.adapter.process.inprocess;

import com.paiml.duende.adapter.process.DiskUsage;
import com.paiml.duende.adapter.process.NativeAdapter;
import com.paiml.duende.adapter.process.Run;
import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.support.rotation.LogBooks;
import com.paiml.duende.support.rotation.LogWriter;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Starts daemon objects, and holds what they share. */
public final class InProcessRuns implements AutoCloseable {
  public static final String KIND = "in-process";

  /** Code can be asked to stop: it cannot be killed, paused, limited, or found again after its JVM has gone. */
  public static final Set<Capability> CAPABILITIES =
      Set.copyOf(
          EnumSet.of(
              Capability.SIGNAL,
              Capability.LOGS,
              Capability.USAGE,
              Capability.WATCHDOG,
              Capability.HEALTH));

  private final LogBooks logs;
  private final StandardStreams streams;
  private final SleepTimer timer = new SleepTimer();
  private final ScheduledThreadPoolExecutor guard;
  private final Map<InProcessRun, ScheduledFuture<?>> enforced = new ConcurrentHashMap<>();
  private final Map<String, InProcessRun> abandoned = new ConcurrentHashMap<>();

  /** @param threadStreams who else divides the JVM's streams at this moment; null when nobody does */
  public InProcessRuns(LogBooks logs, Supplier<@Nullable ThreadStreams> threadStreams) {
    this.logs = logs;
    this.streams = new StandardStreams(threadStreams);
    this.guard =
        new ScheduledThreadPoolExecutor(
            1, r -> Thread.ofPlatform().daemon().name("duende-native-guard").unstarted(r));
    guard.setRemoveOnCancelPolicy(true);
  }

  public Run start(
      LaunchSpec spec, Payload.InProcess payload, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    String key = key(spec);
    InProcessRun left = abandoned.get(key);
    if (left != null && left.isAlive()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          spec.name(),
          "the code of an earlier run ignored its shutdown and is still running",
          "it is started again once that has returned; [native] process = true gives it a JVM that"
              + " can be killed");
    }
    Daemon daemon = create(spec, payload);
    DaemonHandle handle =
        new DaemonHandle(
            NativeAdapter.NAME,
            spec.name(),
            spec.id(),
            spec.generation(),
            Map.of(NativeAdapter.KIND, KIND, NativeAdapter.LOG, spec.logFile().toString()));
    LogWriter writer = logs.writer(spec.logFile(), spec.config().log());
    InProcessRun run =
        new InProcessRun(handle, spec, daemon, events, this, new DaemonOutput(writer));
    try {
      run.start(deadline);
    } catch (DaemonException failed) {
      if (run.isStuckInInit()) {
        abandoned.put(key, run);
        if (!run.isStuckInInit()) {
          abandoned.remove(key, run);
        }
      }
      throw failed;
    }
    return run;
  }

  private static Daemon create(LaunchSpec spec, Payload.InProcess payload) throws DaemonException {
    try {
      return payload.source().create();
    } catch (RuntimeException | LinkageError fault) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "its object could not be made: " + fault,
          "see the bundle that has the class",
          fault);
    }
  }

  private static String key(LaunchSpec spec) {
    return spec.instance().id() + "/" + spec.name();
  }

  SleepTimer timer() {
    return timer;
  }

  StandardStreams streams() {
    return streams;
  }

  long diskBytes(LaunchSpec spec, Deadline deadline) throws DaemonException {
    return DiskUsage.of(spec, logs, deadline);
  }

  /** After the deadline the run's thread is interrupted, and after a grace it is given up. */
  void enforce(InProcessRun run, Deadline by) {
    ScheduledFuture<?> later =
        guard.schedule(
            () -> {
              if (!run.hasEnded()) {
                run.interrupt();
                ScheduledFuture<?> last =
                    guard.schedule(
                        run::abandon, InProcessRun.GRACE.toNanos(), TimeUnit.NANOSECONDS);
                replace(run, last);
              }
            },
            by.remaining().toNanos(),
            TimeUnit.NANOSECONDS);
    replace(run, later);
  }

  private void replace(InProcessRun run, ScheduledFuture<?> next) {
    ScheduledFuture<?> before = enforced.put(run, next);
    if (before != null) {
      before.cancel(false);
    }
    if (run.hasEnded()) {
      settle(run);
    }
  }

  private void settle(InProcessRun run) {
    ScheduledFuture<?> pending = enforced.remove(run);
    if (pending != null) {
      pending.cancel(false);
    }
  }

  void ended(InProcessRun run) {
    settle(run);
    abandoned.remove(key(run.spec()), run);
  }

  void abandoned(InProcessRun run) {
    settle(run);
    abandoned.put(key(run.spec()), run);
    if (!run.isAlive()) {
      abandoned.remove(key(run.spec()), run);
    }
  }

  /** To be called after the last run has left. */
  @Override
  public void close() {
    guard.shutdownNow();
    timer.close();
    streams.close();
  }
}
