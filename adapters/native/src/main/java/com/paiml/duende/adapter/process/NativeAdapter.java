package com.paiml.duende.adapter.process;

import com.paiml.duende.adapter.process.inprocess.InProcessRuns;
import com.paiml.duende.adapter.process.inprocess.ThreadStreams;
import com.paiml.duende.adapter.process.program.Programs;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.LogConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.linux.Linux;
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
import com.paiml.duende.spi.RelayedEvents;
import com.paiml.duende.spi.TableSchema;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.UsageSample;
import java.nio.channels.ByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** The platform "native": daemon objects on threads of this JVM, and programs as processes of this machine. */
@Component(
    immediate = true,
    service = PlatformAdapter.class,
    property = PlatformAdapter.PLATFORM + "=" + NativeAdapter.NAME)
public final class NativeAdapter implements PlatformAdapter {
  public static final String NAME = "native";

  /** In a handle: what kind of run it is. */
  public static final String KIND = "kind";

  /** In a handle: its log file. */
  public static final String LOG = "log";

  /** System property: does without Linux where it is, to see how it is elsewhere. */
  private static final String PORTABLE = "duende.native.portable";

  private final FutureTask<Means> opening;
  private final Map<Key, Entry> runs = new ConcurrentHashMap<>();
  private final Names names = new Names();
  private final AtomicLong order = new AtomicLong();
  private final AtomicReference<@Nullable ThreadStreams> threadStreams = new AtomicReference<>();
  private volatile boolean gone;

  private record Key(String name, com.paiml.duende.api.DaemonId id, long generation) {
    static Key of(DaemonHandle handle) {
      return new Key(handle.name(), handle.id(), handle.generation());
    }
  }

  /** @param order in which it was started */
  private record Entry(Run run, RelayedEvents events, long order) {}

  @Activate
  public NativeAdapter() {
    this(
        () ->
            Boolean.getBoolean(PORTABLE)
                ? new Linux.NotHere(PORTABLE + " is set")
                : Linux.detect());
  }

  NativeAdapter(Linux.Detection detection) {
    this(() -> detection);
  }

  private NativeAdapter(Callable<Linux.Detection> detection) {
    opening = Means.opening(detection, threadStreams::get);
  }

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void bindThreadStreams(ThreadStreams streams) {
    threadStreams.set(streams);
  }

  void unbindThreadStreams(ThreadStreams streams) {
    boolean _ = threadStreams.compareAndSet(streams, null);
  }

  private Means means() {
    return Means.opened(opening);
  }

  @Deactivate
  public void deactivate() {
    gone = true;
    List<Entry> all = new ArrayList<>(runs.values());
    all.sort(Comparator.comparingLong(Entry::order).reversed());
    all.forEach(e -> e.run().leave());
    means().close();
  }

  private void refuseGone(String thing) throws AdapterGone {
    if (gone) {
      throw new AdapterGone(NAME, thing);
    }
  }

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    if (gone) {
      return Fingerprint.absent("the adapter has been stopped; start its bundle again");
    }
    Map<Payload.Kind, Set<Capability>> capabilities = new HashMap<>();
    capabilities.put(Payload.Kind.IN_PROCESS, InProcessRuns.CAPABILITIES);
    capabilities.put(Payload.Kind.PROGRAM, means().programs().capabilities());
    return new Fingerprint(
        true,
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        false,
        "",
        capabilities,
        means().programs().missing(),
        Map.of(
            "programs",
            means().programs().describe(),
            "logs",
            "rotated " + means().logs().method()));
  }

  @Override
  public TableSchema schema() {
    return NativeTable.SCHEMA;
  }

  @Override
  public List<String> check(DaemonConfig config) {
    return means().programs().check(config);
  }

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(spec.name());
    names.reserve(spec);
    RelayedEvents relayed = new RelayedEvents(events);
    try {
      Run run = start(spec, relayed, deadline);
      keep(run, relayed);
      return run.handle();
    } finally {
      names.release(spec);
    }
  }

  private Run start(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    return switch (spec.payload()) {
      case Payload.InProcess payload -> means().inProcess().start(spec, payload, events, deadline);
      case Payload.Program program -> means().programs().start(spec, program, events, deadline);
      default ->
          throw new DaemonException(
              ErrorCode.NOT_SUPPORTED,
              spec.name(),
              "platform \"native\" runs daemon classes and programs, not " + spec.payload().kind(),
              "choose a platform that does; see \"duende adapters\"");
    };
  }

  private void keep(Run run, RelayedEvents events) throws AdapterGone {
    Entry before = runs.put(Key.of(run.handle()), new Entry(run, events, order.incrementAndGet()));
    assert before == null || before.run().hasEnded() : "two runs of one generation";
    names.settle(run);
    if (gone) {
      // Stopped meanwhile, and not seen by deactivate.
      run.leave();
      throw new AdapterGone(NAME, run.handle().name());
    }
  }

  private Run find(DaemonHandle handle) throws DaemonException {
    refuseGone(handle.name());
    Entry entry = runs.get(Key.of(handle));
    if (entry == null) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          handle.name(),
          "its run " + handle.generation() + " is not known here",
          "it was destroyed, or has not been recovered");
    }
    return entry.run();
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(handle.name());
    if (InProcessRuns.KIND.equals(handle.get(KIND).orElse(""))) {
      return new Recovery.Exited(
          new ExitReason.HostLost("the container's JVM in which it ran has ended"));
    }
    Entry here = runs.get(Key.of(handle));
    if (here != null && !here.run().hasEnded()) {
      // The manager was replaced, and this adapter was not.
      here.events().tell(events);
      return new Recovery.Running(here.run().handle(), here.run().isPaused());
    }
    if (here != null) {
      return new Recovery.Exited(here.run().exit().toCompletableFuture().join());
    }
    names.reserve(spec);
    RelayedEvents relayed = new RelayedEvents(events);
    try {
      Programs.Found found = means().programs().recover(handle, spec, relayed, deadline);
      if (found.run().isPresent()) {
        keep(found.run().get(), relayed);
      }
      return found.recovery();
    } finally {
      names.release(spec);
    }
  }

  @Override
  public Optional<DaemonHandle> find(LaunchSpec spec, Deadline deadline) throws DaemonException {
    refuseGone(spec.name());
    return spec.payload() instanceof Payload.InProcess
        ? Optional.empty()
        : means().programs().find(spec);
  }

  @Override
  public void recoveryComplete(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    refuseGone(NAME);
    List<DaemonHandle> known = new ArrayList<>(kept);
    for (Entry e : runs.values()) {
      if (!e.run().hasEnded()) {
        known.add(e.run().handle());
      }
    }
    means().programs().sweep(instance, known, deadline);
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException {
    find(handle).signal(signal, deadline);
  }

  @Override
  public void reload(DaemonHandle handle, DaemonConfig config, Deadline deadline)
      throws DaemonException {
    find(handle).reload(config, deadline);
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    return find(handle).status(deadline);
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    refuseGone(handle.name());
    Entry entry = runs.get(Key.of(handle));
    if (entry != null) {
      entry.run().stop(stopSignal, timeout);
    }
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    refuseGone(handle.name());
    Entry entry = runs.get(Key.of(handle));
    if (entry != null) {
      entry.run().kill(deadline);
    }
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    find(handle).pause(deadline);
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    find(handle).resume(deadline);
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    Entry entry = runs.get(Key.of(handle));
    if (entry != null) {
      return entry.run().exit();
    }
    return gone
        ? CompletableFuture.failedStage(new AdapterGone(NAME, handle.name()))
        : CompletableFuture.completedStage(
            new ExitReason.Lost("this run is not known to the adapter"));
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException {
    return find(handle).usage(deadline);
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    refuseGone(handle.name());
    Entry entry = runs.get(Key.of(handle));
    LogConfig config = entry == null ? LogConfig.DEFAULT : entry.run().spec().config().log();
    Path file =
        handle
            .get(LOG)
            .map(Path::of)
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.NOT_FOUND, handle.name(), "its handle names no log", ""));
    return query -> {
      refuseGone(handle.name());
      return means().logs().read(file, config, query);
    };
  }

  @Override
  public List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException {
    return find(handle).updateLimits(resources, deadline);
  }

  @Override
  public ExecResult exec(DaemonHandle handle, List<String> command, Deadline deadline)
      throws DaemonException {
    return find(handle).exec(command, deadline);
  }

  @Override
  public TraceTarget traceTarget(DaemonHandle handle, Deadline deadline) throws DaemonException {
    return find(handle).traceTarget(deadline);
  }

  @Override
  public ByteChannel connectHost(DaemonHandle handle, LaunchSpec spec, Deadline deadline)
      throws DaemonException {
    refuseGone(handle.name());
    Optional<ByteChannel> stream = means().programs().connectHost(spec);
    return stream.isPresent()
        ? stream.get()
        : PlatformAdapter.super.connectHost(handle, spec, deadline);
  }

  /** The group of a run's limits, above all, is handed on: to make one takes as long as to start a program. */
  @Override
  public boolean startsBesideEnded() {
    return true;
  }

  @Override
  public boolean lendThread(Runnable meanwhile) {
    return !gone && means().programs().lendThread(meanwhile);
  }

  @Override
  public boolean prepareNext(
      DaemonHandle running, LaunchSpec next, Predicate<ExitReason> follows, Deadline deadline)
      throws DaemonException {
    return find(running).prepareNext(next, follows);
  }

  @Override
  public void forgoNext(DaemonHandle run) {
    Entry entry = runs.get(Key.of(run));
    if (entry != null) {
      entry.run().forgoNext();
    }
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    refuseGone(handle.name());
    Entry entry = runs.get(Key.of(handle));
    if (entry != null) {
      entry.run().destroy(deadline);
      if (runs.remove(Key.of(handle), entry)) {
        names.forget(entry.run());
        means().logs().forget(entry.run().spec().logFile());
      }
    }
  }

  @Override
  public Optional<Daemon> inProcess(DaemonHandle handle) {
    Entry entry = runs.get(Key.of(handle));
    return entry == null ? Optional.empty() : entry.run().daemon();
  }
}
