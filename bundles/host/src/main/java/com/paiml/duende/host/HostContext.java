package com.paiml.duende.host;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.TraceContext;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** The surroundings of the one daemon of this JVM. */
final class HostContext implements DaemonContext {
  private static final int MAX_SIGNALS = 64;
  private static final int MAX_STATUS = 256;

  /** What goes to the manager. */
  interface Voice {
    void ready();

    void heartbeat();

    void statusText(String text);

    /** Shutdown was asked for, by whomever; at most once. */
    void shutdownAsked();
  }

  private final HostSettings settings;
  private final PrintStream out;
  private final Voice voice;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<Signal> signals = new ArrayDeque<>();
  private final List<Consumer<DaemonConfig>> listeners = new CopyOnWriteArrayList<>();
  private volatile DaemonConfig config;
  private volatile boolean shutdown;
  private long dropped;

  HostContext(HostSettings settings, PrintStream out, Voice voice) {
    this.settings = settings;
    this.out = out;
    this.voice = voice;
    this.config = settings.config();
  }

  @Override
  public DaemonId id() {
    return settings.id();
  }

  @Override
  public String name() {
    return settings.name();
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
    boolean first;
    lock.lock();
    try {
      first = !shutdown;
      shutdown = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (first) {
      voice.shutdownAsked();
    }
  }

  /** A signal has come, from the kernel or from the manager. */
  void deliver(Signal signal) {
    lock.lock();
    try {
      if (signals.size() == MAX_SIGNALS) {
        signals.removeFirst();
        dropped++;
        out.println("[duende: signals nobody takes: " + dropped + " dropped]");
      }
      signals.addLast(signal);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (signal.asksForShutdown()) {
      requestShutdown();
    }
  }

  @Override
  public boolean sleep(Duration time) {
    return await(time, () -> false) && !shutdown;
  }

  @Override
  public Optional<Signal> pollSignal() {
    lock.lock();
    try {
      return Optional.ofNullable(signals.pollFirst());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<Signal> awaitSignal(Duration time) {
    boolean _ = await(time, () -> !signals.isEmpty());
    return pollSignal();
  }

  /** @return whether the whole time has passed */
  private boolean await(Duration time, BooleanSupplier enough) {
    lock.lock();
    try {
      long left = nanos(time);
      while (left > 0 && !shutdown && !enough.getAsBoolean()) {
        left = changed.awaitNanos(left);
      }
      return left <= 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  private static long nanos(Duration time) {
    try {
      return time.toNanos();
    } catch (ArithmeticException centuries) {
      return Long.MAX_VALUE;
    }
  }

  @Override
  public void onReload(Consumer<DaemonConfig> listener) {
    listeners.add(listener);
  }

  void configure(DaemonConfig changedConfig) {
    config = changedConfig;
  }

  List<Consumer<DaemonConfig>> reloadListeners() {
    return listeners;
  }

  @Override
  public TraceContext trace() {
    return settings.trace();
  }

  @Override
  public Path stateDirectory() {
    return settings.stateDirectory();
  }

  @Override
  public PrintStream out() {
    return out;
  }

  @Override
  public void ready() {
    voice.ready();
  }

  @Override
  public void heartbeat() {
    voice.heartbeat();
  }

  @Override
  public void statusText(String text) {
    String line = text.replace('\n', ' ').replace('\r', ' ');
    voice.statusText(line.length() > MAX_STATUS ? line.substring(0, MAX_STATUS) : line);
  }
}
