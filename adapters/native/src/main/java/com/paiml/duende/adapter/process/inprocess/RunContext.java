package com.paiml.duende.adapter.process.inprocess;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.LaunchSpec;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The surroundings of one run inside this JVM. */
final class RunContext implements DaemonContext {
  private static final int MAX_STATUS = 256;

  private final LaunchSpec spec;
  private final AdapterEvents events;
  private final SleepTimer timer;
  private final DaemonOutput output;
  private final Runnable onRequest;
  private final SignalQueue signals = new SignalQueue();
  private final Set<Thread> waiting = ConcurrentHashMap.newKeySet(2);
  private final List<Consumer<DaemonConfig>> reloadListeners = new CopyOnWriteArrayList<>();
  private volatile DaemonConfig config;
  private volatile String statusText = "";
  private volatile boolean shutdown;

  /** @param onRequest told when the daemon itself asks for its shutdown */
  RunContext(
      LaunchSpec spec,
      AdapterEvents events,
      SleepTimer timer,
      DaemonOutput output,
      Runnable onRequest) {
    this.spec = spec;
    this.events = events;
    this.timer = timer;
    this.output = output;
    this.onRequest = onRequest;
    this.config = spec.config();
  }

  @Override
  public DaemonId id() {
    return spec.id();
  }

  @Override
  public String name() {
    return spec.name();
  }

  @Override
  public DaemonConfig config() {
    return config;
  }

  @Override
  public boolean shouldShutdown() {
    return shutdown;
  }

  @Override
  public void requestShutdown() {
    onRequest.run();
  }

  /** Raises the flag and ends every wait. */
  void shutDown() {
    shutdown = true;
    waiting.forEach(LockSupport::unpark);
  }

  void deliver(Signal signal) {
    long dropped = signals.add(signal);
    if (dropped > 0) {
      output
          .writer()
          .say(
              "signal "
                  + signal
                  + " displaced an older one, "
                  + dropped
                  + " so far: nobody takes them");
    }
    waiting.forEach(LockSupport::unpark);
  }

  @Override
  public boolean sleep(Duration time) {
    Thread me = Thread.currentThread();
    if (shutdown || me.isInterrupted()) {
      return false;
    }
    SleepTimer.Sleep sleep = timer.begin(time);
    park(sleep, () -> false);
    return sleep.isOver() && !shutdown && !me.isInterrupted();
  }

  @Override
  public Optional<Signal> pollSignal() {
    return signals.poll();
  }

  @Override
  public Optional<Signal> awaitSignal(Duration time) {
    Optional<Signal> first = signals.poll();
    if (first.isPresent() || shutdown || Thread.currentThread().isInterrupted()) {
      return first;
    }
    Signal[] taken = new Signal[1];
    park(
        timer.begin(time),
        () -> {
          Optional<Signal> next = signals.poll();
          next.ifPresent(s -> taken[0] = s);
          return next.isPresent();
        });
    return Optional.ofNullable(taken[0]);
  }

  private void park(SleepTimer.Sleep sleep, BooleanSupplier enough) {
    Thread me = Thread.currentThread();
    waiting.add(me);
    try {
      while (!enough.getAsBoolean() && !sleep.isOver() && !shutdown && !me.isInterrupted()) {
        LockSupport.park(this);
      }
    } finally {
      waiting.remove(me);
      timer.cancel(sleep);
    }
  }

  @Override
  public void onReload(Consumer<DaemonConfig> listener) {
    reloadListeners.add(listener);
  }

  void configure(DaemonConfig changed) {
    config = changed;
  }

  List<Consumer<DaemonConfig>> reloadListeners() {
    return reloadListeners;
  }

  @Override
  public TraceContext trace() {
    return spec.trace();
  }

  @Override
  public Path stateDirectory() {
    return spec.stateDirectory();
  }

  @Override
  public PrintStream out() {
    return output.stream();
  }

  @Override
  public void ready() {
    events.ready();
  }

  @Override
  public void heartbeat() {
    events.heartbeat();
  }

  @Override
  public void statusText(String text) {
    String line = text.replace('\n', ' ').replace('\r', ' ');
    statusText = line.length() > MAX_STATUS ? line.substring(0, MAX_STATUS) : line;
    events.statusText(statusText);
  }

  String statusText() {
    return statusText;
  }
}
