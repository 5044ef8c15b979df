package com.paiml.duende.manager.engine;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.spi.TableSchema;
import com.paiml.duende.spi.UsageSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * A platform in memory, for faults that a real one cannot be made to show. The platform itself ({@link Machine}) outlives
 * adapters, as a kernel does.
 */
final class ScriptedAdapter implements PlatformAdapter {

  /** What outlives adapters: the runs. */
  static final class Machine {
    final Map<String, Running> runs = new ConcurrentHashMap<>();
    final AtomicLong pids = new AtomicLong(1000);
    final AtomicInteger spawned = new AtomicInteger();
    final Map<String, ExitReason> ended = new ConcurrentHashMap<>();
    final List<String> log = Collections.synchronizedList(new ArrayList<>());
    final Set<String> twice = ConcurrentHashMap.newKeySet();
    final Map<String, Ahead> aheads = new ConcurrentHashMap<>();
    final Map<String, Long> begun = new ConcurrentHashMap<>();

    void forgo(String name) {
      Ahead ahead = aheads.remove(name);
      if (ahead != null) {
        log.add(name + (ahead.isStarted ? " has its heir ended" : " has its next run forgone"));
      }
    }

    List<String> names() {
      return runs.values().stream().map(r -> r.name).sorted().toList();
    }

    void kill(String name, ExitReason how) {
      for (Map.Entry<String, Running> e : Map.copyOf(runs).entrySet()) {
        if (e.getValue().name.equals(name) && runs.remove(e.getKey()) != null) {
          ended.put(e.getKey(), how);
          log.add(name + " died");
          Ahead ahead = aheads.get(name);
          if (ahead != null && ahead.follows.test(how)) {
            ahead.isStarted = true;
            log.add(name + " has an heir");
          }
          e.getValue().watchers.forEach(w -> w.complete(how));
        }
      }
    }
  }

  /** The next run of a name. */
  static final class Ahead {
    final LaunchSpec spec;
    final Predicate<ExitReason> follows;

    /** Of the run before, nanoseconds. */
    final long age;

    volatile boolean isStarted;

    Ahead(LaunchSpec spec, Predicate<ExitReason> follows, long age) {
      this.spec = spec;
      this.follows = follows;
      this.age = age;
    }
  }

  static final class Running {
    final String name;
    final List<CompletableFuture<ExitReason>> watchers =
        Collections.synchronizedList(new ArrayList<>());
    volatile boolean paused;
    volatile LaunchSpec spec;
    volatile AdapterEvents events;

    Running(LaunchSpec spec, AdapterEvents events) {
      this.name = spec.name();
      this.spec = spec;
      this.events = events;
    }
  }

  final Machine machine;
  final Set<Capability> capabilities =
      EnumSet.complementOf(EnumSet.of(Capability.WATCHDOG_BY_PLATFORM));
  final Map<String, CompletableFuture<ExitReason>> exits = new ConcurrentHashMap<>();
  final List<Collection<DaemonHandle>> completed = new CopyOnWriteArrayList<>();
  volatile boolean present = true;
  volatile boolean gone;
  volatile CountDownLatch beforeSpawn = new CountDownLatch(0);
  volatile CountDownLatch beforeAnswer = new CountDownLatch(0);
  volatile Duration spawnTakes = Duration.ZERO;
  volatile Duration stopTakes = Duration.ZERO;
  volatile Optional<DaemonException> spawnFault = Optional.empty();
  volatile Runnable amidSpawn = () -> {};
  volatile Optional<DaemonException> pauseFault = Optional.empty();
  volatile Optional<DaemonException> recoverFault = Optional.empty();
  volatile Optional<RuntimeException> unchangedFault = Optional.empty();

  /** What was to be taken up waits for this. */
  volatile CountDownLatch recoverGate = new CountDownLatch(0);

  volatile int execCode;
  volatile Duration execTakes = Duration.ZERO;
  volatile boolean forgetful;
  volatile boolean restartsAtOnce;
  volatile boolean lends;
  final List<Thread> spawners = Collections.synchronizedList(new ArrayList<>());
  volatile Optional<Daemon> object = Optional.empty();
  volatile Payload.Kind kind = Payload.Kind.PROGRAM;

  ScriptedAdapter(Machine machine) {
    this.machine = machine;
  }

  /** As at its deactivation. */
  void leave() {
    gone = true;
    exits.values().forEach(f -> f.completeExceptionally(new AdapterGone("native", "")));
  }

  private void here(String name) throws AdapterGone {
    if (gone) {
      throw new AdapterGone("native", name);
    }
  }

  private static String key(DaemonHandle h) {
    return h.data().get("key");
  }

  private static void take(Duration time) throws DaemonException {
    if (!time.isZero()) {
      try {
        Thread.sleep(time);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new DaemonException(ErrorCode.TIMEOUT, "", "interrupted", "");
      }
    }
  }

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    return present
        ? new Fingerprint(
            true,
            "1",
            true,
            "",
            Map.of(kind, Set.copyOf(capabilities)),
            Map.of(Capability.LIMIT_NETWORK, "the kernel lacks it"),
            Map.of())
        : Fingerprint.absent("it is not installed; install it");
  }

  @Override
  public TableSchema schema() {
    return new TableSchema(
        "native", List.of(TableSchema.Key.of("process", TableSchema.Type.BOOLEAN, "false", "")));
  }

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    here(spec.name());
    spawners.add(Thread.currentThread());
    take(spawnTakes);
    hold(beforeSpawn, spec.name());
    amidSpawn.run();
    if (spawnFault.isPresent()) {
      throw spawnFault.get();
    }
    Ahead ahead = machine.aheads.get(spec.name());
    if (ahead != null && ahead.isStarted && ahead.spec.equals(spec)) {
      machine.aheads.remove(spec.name());
      machine.log.add(spec.name() + " is taken up");
    } else {
      machine.forgo(spec.name());
    }
    machine.begun.put(spec.name(), System.nanoTime());
    machine.spawned.incrementAndGet();
    long pid = machine.pids.incrementAndGet();
    String key = spec.name() + "#" + pid;
    synchronized (machine.runs) {
      if (machine.runs.values().stream().anyMatch(r -> r.name.equals(spec.name()))) {
        machine.twice.add(spec.name());
      }
      machine.runs.put(key, new Running(spec, events));
    }
    machine.log.add(spec.name() + " started");
    DaemonHandle handle =
        new DaemonHandle(
            "native",
            spec.name(),
            spec.id(),
            spec.generation(),
            Map.of("key", key, DaemonHandle.PID, Long.toString(pid)));
    watch(key);
    hold(beforeAnswer, spec.name());
    if (restartsAtOnce) {
      DaemonHandle next =
          new DaemonHandle(
              "native",
              spec.name(),
              spec.id(),
              spec.generation(),
              Map.of("key", key + "+", DaemonHandle.PID, Long.toString(pid + 1)));
      exits.put(key + "+", new CompletableFuture<>());
      events.restarted(next, new ExitReason.Failure(1, "at once"));
    }
    return handle;
  }

  private void hold(CountDownLatch latch, String name) throws DaemonException {
    try {
      if (!latch.await(60, TimeUnit.SECONDS)) {
        throw new DaemonException(ErrorCode.TIMEOUT, name, "held for too long", "");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(ErrorCode.TIMEOUT, name, "interrupted", "", e);
    }
    here(name);
  }

  @Override
  public boolean lendThread(Runnable meanwhile) {
    if (lends) {
      Thread.ofVirtual().start(meanwhile);
    }
    return lends;
  }

  @Override
  public Optional<DaemonHandle> find(LaunchSpec spec, Deadline deadline) {
    return machine.runs.entrySet().stream()
        .filter(e -> e.getValue().spec.generation() == spec.generation())
        .filter(e -> e.getValue().name.equals(spec.name()))
        .map(
            e ->
                new DaemonHandle(
                    "native",
                    spec.name(),
                    spec.id(),
                    spec.generation(),
                    Map.of(
                        "key",
                        e.getKey(),
                        DaemonHandle.PID,
                        e.getKey().substring(e.getKey().indexOf('#') + 1))))
        .findFirst();
  }

  private CompletableFuture<ExitReason> watch(String key) {
    CompletableFuture<ExitReason> exit = exits.computeIfAbsent(key, k -> new CompletableFuture<>());
    Running run = machine.runs.get(key);
    if (run != null) {
      run.watchers.add(exit);
      if (!machine.runs.containsKey(key)) {
        exit.complete(machine.ended.get(key));
      }
    } else if (machine.ended.containsKey(key)) {
      exit.complete(machine.ended.get(key));
    }
    return exit;
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    here(handle.name());
    try {
      if (!recoverGate.await(1, TimeUnit.MINUTES)) {
        throw new IllegalStateException("nobody opens the gate");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    if (recoverFault.isPresent()) {
      throw recoverFault.get();
    }
    String key = key(handle);
    Running run = machine.runs.get(key);
    if (run != null) {
      run.events = events;
      watch(key);
      return new Recovery.Running(handle, run.paused);
    }
    ExitReason exit = machine.ended.get(key);
    return exit == null || forgetful
        ? new Recovery.Lost("nobody knows it")
        : new Recovery.Exited(exit);
  }

  @Override
  public void recoveryComplete(
      Instance instance, Collection<DaemonHandle> kept, Deadline deadline) {
    completed.add(List.copyOf(kept));
    Set<String> keys = new HashSet<>();
    kept.forEach(h -> keys.add(key(h)));
    for (String key : Set.copyOf(machine.runs.keySet())) {
      if (!keys.contains(key)) {
        machine.log.add(machine.runs.remove(key).name + " cleaned up");
      }
    }
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException {
    here(handle.name());
    machine.log.add(handle.name() + " " + signal);
    if (signal.asksForShutdown()) {
      end(handle, new ExitReason.Graceful());
    } else if (signal == Signal.KILL) {
      end(handle, new ExitReason.Signalled(9, false));
    }
  }

  private void end(DaemonHandle handle, ExitReason how) {
    String key = key(handle);
    Running run = machine.runs.remove(key);
    if (run != null) {
      machine.ended.put(key, how);
      machine.log.add(run.name + " ended");
      run.watchers.forEach(w -> w.complete(how));
    }
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    Running run = machine.runs.get(key(handle));
    return new PlatformStatus(
        run == null
            ? PlatformStatus.State.ENDED
            : run.paused ? PlatformStatus.State.PAUSED : PlatformStatus.State.RUNNING,
        run == null ? OptionalLong.empty() : handle.pid(),
        "",
        List.of(),
        Map.of());
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    here(handle.name());
    machine.log.add(handle.name() + " told to stop");
    take(stopTakes);
    end(handle, new ExitReason.Graceful());
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    end(handle, new ExitReason.Signalled(9, false));
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    if (pauseFault.isPresent()) {
      throw pauseFault.get();
    }
    machine.runs.get(key(handle)).paused = true;
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    machine.runs.get(key(handle)).paused = false;
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    return exits.computeIfAbsent(key(handle), k -> new CompletableFuture<>());
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) {
    return new UsageSample(java.time.Instant.now(), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0);
  }

  @Override
  public BitSet unchanged(List<DaemonHandle> handles, List<UsageSample> known, Deadline deadline)
      throws DaemonException {
    if (unchangedFault.isPresent()) {
      throw unchangedFault.get();
    }
    BitSet all = new BitSet();
    for (int i = 0; i < handles.size(); i++) {
      all.set(i, known.get(i).hasFiguresOf(usage(handles.get(i), deadline)));
    }
    return all;
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    throw new DaemonException(ErrorCode.NOT_SUPPORTED, handle.name(), "keeps no log", "");
  }

  @Override
  public List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException {
    here(handle.name());
    machine.log.add(handle.name() + " limited to " + resources.memory());
    return List.of(
        new LimitReport("resources.memory", "", "" + resources.memory(), "test", true, ""));
  }

  @Override
  public ExecResult exec(DaemonHandle handle, List<String> command, Deadline deadline)
      throws DaemonException {
    take(execTakes);
    return new ExecResult(execCode, false, "");
  }

  @Override
  public boolean prepareNext(
      DaemonHandle running, LaunchSpec next, Predicate<ExitReason> follows, Deadline deadline)
      throws DaemonException {
    here(running.name());
    if (!machine.runs.containsKey(key(running))) {
      return false;
    }
    long age = System.nanoTime() - machine.begun.get(running.name());
    machine.aheads.put(running.name(), new Ahead(next, follows, age));
    machine.log.add(running.name() + " has a next run");
    return true;
  }

  @Override
  public void forgoNext(DaemonHandle run) throws DaemonException {
    Ahead ahead = machine.aheads.get(run.name());
    if (ahead != null && ahead.spec.generation() == run.generation() + 1) {
      machine.forgo(run.name());
    }
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    here(handle.name());
    machine.log.add(handle.name() + " destroyed");
  }

  @Override
  public Optional<Daemon> inProcess(DaemonHandle handle) {
    return object;
  }
}
