package com.paiml.duende.testkit.daemon;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.TraceContext;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * A context without a container: its time is that of a {@link SimulatedClock}, signals come from the test, output is kept. The
 * rules are those of {@link DaemonContext}. Any thread may call.
 */
public final class TestContext implements DaemonContext {
  private static final int MOST_SIGNALS = 64;

  private final DaemonId id = DaemonId.random();
  private final TraceContext trace = TraceContext.newRoot();
  private final SimulatedClock clock;
  private final Path stateDirectory;
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);
  private final Deque<Signal> signals = new ArrayDeque<>();
  private final List<Consumer<DaemonConfig>> listeners = new CopyOnWriteArrayList<>();
  private final AtomicInteger heartbeats = new AtomicInteger();
  private volatile DaemonConfig config;
  private volatile boolean shutdown;
  private volatile boolean ready;
  private volatile String statusText = "";

  /** @param stateDirectory a folder of the test's own */
  public TestContext(DaemonConfig config, SimulatedClock clock, Path stateDirectory) {
    this.config = config;
    this.clock = clock;
    this.stateDirectory = stateDirectory;
  }

  // What the test does.

  /** Sends a signal: TERM, INT and QUIT ask for shutdown as well; HUP is a reload of the configuration that is in force. */
  public void send(Signal signal) {
    synchronized (signals) {
      if (signals.size() == MOST_SIGNALS) {
        Signal _ = signals.removeFirst();
      }
      signals.addLast(signal);
    }
    if (signal.asksForShutdown()) {
      shutdown = true;
    }
    clock.wake();
  }

  /** Gives it a new configuration, tells its listeners, then sends HUP. */
  public void reload(DaemonConfig next) {
    config = next;
    listeners.forEach(l -> l.accept(next));
    send(Signal.HUP);
  }

  /** What it has written, whole lines only. */
  public List<String> lines() {
    String text = written.toString(StandardCharsets.UTF_8);
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
  }

  /** Whether it has said that it is ready. */
  public boolean isReady() {
    return ready;
  }

  /** How often it has fed its watchdog. */
  public int heartbeats() {
    return heartbeats.get();
  }

  /** Its line of status; empty before the first. */
  public String statusText() {
    return statusText;
  }

  // What the daemon sees.

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return config.name();
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
    shutdown = true;
    clock.wake();
  }

  @Override
  public boolean sleep(Duration time) {
    try {
      return !shutdown && clock.sleep(time, () -> shutdown);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public Optional<Signal> pollSignal() {
    synchronized (signals) {
      return Optional.ofNullable(signals.pollFirst());
    }
  }

  @Override
  public Optional<Signal> awaitSignal(Duration time) {
    try {
      boolean _ =
          clock.sleep(
              time,
              () -> {
                synchronized (signals) {
                  return shutdown || !signals.isEmpty();
                }
              });
      return pollSignal();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  @Override
  public void onReload(Consumer<DaemonConfig> listener) {
    listeners.add(listener);
  }

  @Override
  public TraceContext trace() {
    return trace;
  }

  @Override
  public Path stateDirectory() {
    return stateDirectory;
  }

  @Override
  public PrintStream out() {
    return out;
  }

  @Override
  public void ready() {
    ready = true;
  }

  @Override
  public void heartbeat() {
    int _ = heartbeats.incrementAndGet();
  }

  @Override
  public void statusText(String text) {
    statusText = text.length() > 256 ? text.substring(0, 256) : text;
  }
}
