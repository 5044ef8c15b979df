package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerState;
import com.paiml.duende.adapter.container.engine.Engine;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.RelayedEvents;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One container of ours, with all the runs that it has: the first, and those that the engine starts by itself. Any thread.
 */
final class ContainerRun {
  /** How engines tell of SIGKILL. */
  private static final int SIGKILLED = 128 + 9;

  /** In a handle: the container's id. */
  static final String CONTAINER = "container";

  static final String ENGINE = "engine";
  static final String SOCKET = "socket";

  /** In a handle: which attempt made it; an engine may give the id of a container to another later. */
  static final String ATTEMPT = "attempt";

  /** In a handle: when this run of the container began, in the engine's words. */
  static final String STARTED = "started";

  /** Of how many runs the ends are kept, for whoever asks late. */
  private static final int KEPT = 8;

  /** What goes on beside a run until its end. */
  private enum Beside {
    MEMORY,
    END,
    HEALTH,
    LOG
  }

  private final Engine engine;
  private final String id;
  private final LaunchSpec spec;
  private final RelayedEvents events;
  private final boolean restartedByEngine;

  /** By the time of their begin; the run that has not begun yet has none. */
  private final Map<String, CompletableFuture<ExitReason>> exits = new LinkedHashMap<>();

  private DaemonHandle handle;
  private Resources resources;
  private boolean killed;
  private boolean stopping;
  private boolean outOfMemory;
  private boolean noticeAwaited;
  private boolean settling;
  private boolean endAwaited;
  private Optional<ExitReason> between = Optional.empty();
  private final Map<Beside, AutoCloseable> beside = new EnumMap<>(Beside.class);

  ContainerRun(
      Engine engine,
      String id,
      LaunchSpec spec,
      AdapterEvents events,
      DaemonHandle handle,
      boolean restartedByEngine) {
    this.engine = engine;
    this.id = id;
    this.spec = spec;
    this.events = new RelayedEvents(events);
    this.handle = handle;
    this.resources = spec.config().resources();
    this.restartedByEngine = restartedByEngine;
    exits.put(handle.get(STARTED).orElse(""), new CompletableFuture<>());
  }

  /** What identifies the run of a container that began then. */
  static DaemonHandle handle(
      Engine engine, LaunchSpec spec, String id, String attempt, String started, long pid) {
    Map<String, String> data = new LinkedHashMap<>();
    data.put(CONTAINER, id);
    data.put(ENGINE, engine.kind().word());
    data.put(SOCKET, engine.socket().toString());
    data.put(STARTED, started);
    data.put(ATTEMPT, attempt);
    if (pid > 0) {
      data.put(DaemonHandle.PID, Long.toString(pid));
    }
    return new DaemonHandle(ContainerTable.NAME, spec.name(), spec.id(), spec.generation(), data);
  }

  Engine engine() {
    return engine;
  }

  String id() {
    return id;
  }

  LaunchSpec spec() {
    return spec;
  }

  RelayedEvents events() {
    return events;
  }

  boolean isRestartedByEngine() {
    return restartedByEngine;
  }

  /** Whether a handle is one of this container's. */
  boolean isOf(DaemonHandle other) {
    return other.get(ATTEMPT).equals(Optional.of(attempt()));
  }

  private synchronized String attempt() {
    return handle.get(ATTEMPT).orElse("");
  }

  synchronized DaemonHandle handle() {
    return handle;
  }

  synchronized Resources resources() {
    return resources;
  }

  synchronized void resources(Resources changed) {
    resources = changed;
  }

  synchronized long pid() {
    return handle.pid().orElse(0);
  }

  /** The first run has begun. */
  synchronized DaemonHandle begun(ContainerState state) {
    CompletableFuture<ExitReason> exit = exits.remove("");
    handle = handle(engine, spec, id, attempt(), state.started(), state.pid());
    if (exit != null) {
      exits.put(state.started(), exit);
    }
    return handle;
  }

  /** The stage of one run; the same at each call. */
  synchronized CompletableFuture<ExitReason> exit(String started) {
    CompletableFuture<ExitReason> exit = exits.get(started);
    if (exit != null) {
      return exit;
    }
    return exits.getOrDefault("", current());
  }

  private CompletableFuture<ExitReason> current() {
    return exits.values().stream().reduce((a, b) -> b).orElseThrow();
  }

  /** The stage of the run that goes on, or went on last. */
  synchronized CompletableFuture<ExitReason> exit() {
    return current();
  }

  boolean hasEnded() {
    return exit().isDone();
  }

  /** We have had it killed: its end is no mystery. */
  synchronized void willBeKilled() {
    killed = true;
    stopping = true;
  }

  synchronized void willBeStopped() {
    stopping = true;
  }

  synchronized boolean isStopping() {
    return stopping;
  }

  synchronized void ranOutOfMemory() {
    outOfMemory = true;
  }

  /** Whether it was killed by somebody else and the notice why may still be under way; says so once for each run. */
  synchronized boolean mayHaveRunOutOfMemory(int code, boolean engineSaysMemory) {
    boolean may =
        code == SIGKILLED && !outOfMemory && !engineSaysMemory && !killed && !noticeAwaited;
    noticeAwaited |= may;
    return may;
  }

  /** How an exit code of it is to be read. */
  synchronized ExitReason reason(int code, boolean engineSaysMemory) {
    return Exits.of(code, outOfMemory || engineSaysMemory, killed, spec.config());
  }

  /** Its end, for good. */
  void ended(ExitReason reason) {
    var _ = exit().complete(reason);
    close();
  }

  /** A run of it has ended, and the engine may start another. */
  synchronized void endedBetween(ExitReason reason) {
    between = Optional.of(reason);
  }

  /**
   * It has ended, and may be between two runs.
   *
   * @return whether that is heard of this run for the first time
   */
  synchronized boolean mayBeBetween(ExitReason reason) {
    boolean first = !settling;
    settling = true;
    between = Optional.of(reason);
    return first;
  }

  synchronized Optional<ExitReason> between() {
    return between;
  }

  /**
   * Whether it has been started again, and the event that tells how it ended before may still be under way; says so once for
   * each run.
   */
  synchronized boolean mayHearOfItsEnd(ContainerState state) {
    boolean known = exits.containsKey(state.started()) || exits.containsKey("");
    boolean may = !known && between.isEmpty() && !endAwaited && !current().isDone();
    endAwaited |= may;
    return may;
  }

  /**
   * The engine has started it again.
   *
   * @return the reason of the end before, when this run was not known yet
   */
  Optional<ExitReason> restarted(ContainerState state) {
    CompletableFuture<ExitReason> previous;
    ExitReason reason;
    synchronized (this) {
      if (exits.containsKey(state.started()) || exits.containsKey("")) {
        return Optional.empty();
      }
      previous = current();
      if (previous.isDone()) {
        return Optional.empty();
      }
      reason = between.orElseGet(() -> new ExitReason.Unknown("the engine restarted it meanwhile"));
      between = Optional.empty();
      outOfMemory = false;
      noticeAwaited = false;
      settling = false;
      endAwaited = false;
      handle = handle(engine, spec, id, attempt(), state.started(), state.pid());
      exits.put(state.started(), new CompletableFuture<>());
      if (exits.size() > KEPT) {
        exits.remove(exits.keySet().iterator().next());
      }
    }
    var _ = previous.complete(reason);
    return Optional.of(reason);
  }

  void watchMemory(Optional<AutoCloseable> watch) {
    swap(Beside.MEMORY, watch.orElse(null));
  }

  void watchEnd(Optional<AutoCloseable> watch) {
    swap(Beside.END, watch.orElse(null));
  }

  void healthTimer(AutoCloseable timer) {
    swap(Beside.HEALTH, timer);
  }

  void keepLog(AutoCloseable keeper) {
    swap(Beside.LOG, keeper);
  }

  private void swap(Beside what, @Nullable AutoCloseable fresh) {
    AutoCloseable old;
    synchronized (this) {
      old = fresh == null ? beside.remove(what) : beside.put(what, fresh);
    }
    close(old);
  }

  private static void close(@Nullable AutoCloseable what) {
    if (what == null) {
      return;
    }
    try {
      what.close();
    } catch (Exception e) {
      System.getLogger(ContainerRun.class.getName())
          .log(System.Logger.Level.DEBUG, "closing a watch: {0}", e.getMessage());
    }
  }

  /** Lets go of what watches it. */
  void close() {
    for (Beside what : Beside.values()) {
      swap(what, null);
    }
  }

  /** The adapter leaves. */
  void gone() {
    close();
    synchronized (this) {
      AdapterGone gone = new AdapterGone(ContainerTable.NAME, spec.name());
      exits.values().forEach(e -> e.completeExceptionally(gone));
    }
  }
}
