package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.adapter.pepita.monitor.CloudHypervisorMonitor;
import com.paiml.duende.adapter.pepita.monitor.FirecrackerMonitor;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.QemuMonitor;
import com.paiml.duende.adapter.pepita.snapshot.Snapshot;
import com.paiml.duende.adapter.pepita.snapshot.Snapshots;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
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
import com.paiml.duende.spi.HostRuntime;
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
import com.paiml.duende.support.log.LogReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** The platform "pepita": each daemon is the one program of a virtual machine of its own. */
@Component(
    immediate = true,
    service = {PlatformAdapter.class, Vms.class},
    property = PlatformAdapter.PLATFORM + "=" + PepitaAdapter.NAME)
public final class PepitaAdapter implements PlatformAdapter, Vms {
  public static final String NAME = "pepita";

  /** The monitors that are known. */
  static final Monitors KNOWN =
      new Monitors(
          List.of(
              new QemuMonitor(),
              QemuMonitor.withHostVsock(),
              QemuMonitor.withVsock(),
              new FirecrackerMonitor(),
              new CloudHypervisorMonitor()));

  private static final Set<Capability> CAPABILITIES =
      Set.copyOf(
          EnumSet.of(
              Capability.SIGNAL,
              Capability.KILL,
              Capability.PAUSE,
              Capability.RECOVER,
              Capability.EXEC,
              Capability.LOGS,
              Capability.USAGE,
              Capability.READINESS_NOTIFY,
              Capability.READINESS_FD,
              Capability.WATCHDOG,
              Capability.USER,
              Capability.WORKING_DIR,
              Capability.LIMIT_MEMORY,
              Capability.LIMIT_CPU_QUOTA,
              Capability.LIMIT_CPU_SHARES,
              Capability.LIMIT_IO,
              Capability.LIMIT_PIDS,
              Capability.LIMIT_OPEN_FILES,
              Capability.UPDATE_LIMITS,
              Capability.NO_NEW_PRIVS,
              Capability.NETWORK_OFF,
              Capability.UMASK));

  private static final Map<Capability, String> MISSING =
      Map.of(
          Capability.TRACE,
          "the host sees the monitor, not the guest's system calls; trace inside with \"duende"
              + " exec\"",
          Capability.LIMIT_MEMORY_SWAP,
          "a machine has no swap; its memory is all there is",
          Capability.LIMIT_NETWORK,
          "a machine has no network but QEMU's own, which has no limit on its rate",
          Capability.LIMIT_DISK,
          "a root file system is as large as its image, and what is not written to it is in the"
              + " machine's memory",
          Capability.RESTART_BY_PLATFORM,
          "a machine runs one program once; the manager starts the next");

  private final Images images;
  private final Monitors monitors;
  private final Path cidFolder;
  private final AtomicReference<@Nullable HostRuntime> host = new AtomicReference<>();
  private final Map<Key, VmRun> runs = new ConcurrentHashMap<>();
  private final Snapshotting snapshotting;

  /** Daemons whose next start takes up a snapshot, and its label. */
  private final Map<String, String> next = new ConcurrentHashMap<>();

  private @Nullable Engine engine;
  private @Nullable Machines machines;
  private volatile boolean gone;

  private record Key(String name, DaemonId id, long generation) {
    static Key of(DaemonHandle handle) {
      return new Key(handle.name(), handle.id(), handle.generation());
    }
  }

  @Activate
  public PepitaAdapter() {
    this(Images.ofUser(), KNOWN, Cids.usual());
  }

  PepitaAdapter(Images images, Monitors monitors, Path cidFolder) {
    this.images = images;
    this.monitors = monitors;
    this.cidFolder = cidFolder;
    this.snapshotting = new Snapshotting(images, () -> Optional.ofNullable(host.get()));
  }

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void bindHost(HostRuntime runtime) {
    host.set(runtime);
  }

  void unbindHost(HostRuntime runtime) {
    boolean _ = host.compareAndSet(runtime, null);
  }

  /** The machines go on. */
  @Deactivate
  public void deactivate() {
    gone = true;
    List.copyOf(runs.values()).forEach(VmRun::leave);
    synchronized (this) {
      if (engine != null) {
        engine.close();
      }
      engine = null;
      machines = null;
    }
    runs.clear();
  }

  private void refuseGone(String thing) throws AdapterGone {
    if (gone) {
      throw new AdapterGone(NAME, thing);
    }
  }

  private synchronized Machines machines() throws DaemonException {
    refuseGone("pepita");
    Machines made = machines;
    if (made == null) {
      Engine opened = Engine.open();
      Kvm kvm = kvm();
      made =
          new Machines(
              opened,
              monitors,
              images,
              kvm,
              new Cids(cidFolder, opened::isAlive),
              () -> Optional.ofNullable(host.get()));
      engine = opened;
      machines = made;
    }
    return made;
  }

  Kvm kvm() {
    return new Kvm(Path.of("/dev/kvm"), KvmTrial.bootId(), new KvmTrial(monitors));
  }

  // --- what is here -----------------------------------------------------------------------------

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    return look(Images.DEFAULT);
  }

  @Override
  public Fingerprint fingerprint(DaemonConfig config, Deadline deadline) {
    return look(PepitaTable.image(config.table(NAME)));
  }

  private Fingerprint look(String imageName) {
    if (gone) {
      return Fingerprint.absent("the adapter has been stopped; start its bundle again");
    }
    if (!System.getProperty("os.name", "").equals("Linux")
        || !System.getProperty("os.arch", "").equals("amd64")) {
      return Fingerprint.absent(
          "machines are run on Linux on x86-64 only, and this is "
              + System.getProperty("os.name")
              + " on "
              + System.getProperty("os.arch")
              + "; use another platform");
    }
    List<Monitor> installed = monitors.installed();
    if (installed.isEmpty()) {
      return Fingerprint.absent(
          "no program that runs virtual machines is here; " + monitors.all().getFirst().remedy());
    }
    Optional<Image> image = images.find(imageName);
    if (image.isEmpty()) {
      return Fingerprint.absent(
          "there is no image \""
              + imageName
              + "\" for its machines in "
              + images.folder()
              + "; run \"pepita image build"
              + (imageName.equals(Images.DEFAULT) ? "" : " --name " + imageName)
              + "\"");
    }
    Map<String, String> details = new LinkedHashMap<>();
    for (Monitor monitor : installed) {
      details.put(
          "monitor " + monitor.word() + " (" + monitor.carrier() + ")",
          monitor.program().map(Path::toString).orElse("")
              + (monitor.simulated()
                  ? ", simulated: tested against its API description only"
                  : ""));
    }
    details.put("accelerator", accelerator(image));
    details.put("kernel", image.get().properties().getOrDefault("package.kernel", "its own"));
    return new Fingerprint(
        true,
        installed.getFirst().word(),
        installed.stream().allMatch(Monitor::simulated),
        "",
        Map.of(
            Payload.Kind.PROGRAM,
            CAPABILITIES,
            Payload.Kind.VM,
            CAPABILITIES,
            Payload.Kind.JAVA_CLASS,
            CAPABILITIES),
        MISSING,
        details);
  }

  /** In words. */
  String accelerator(Optional<Image> image) {
    return kvm()
        .known(image)
        .map(v -> v.works() ? "KVM" : "none, machines are emulated (slow): " + v.why())
        .orElse("KVM, if a kernel boots on it: the first machine will show");
  }

  Images images() {
    return images;
  }

  Monitors monitors() {
    return monitors;
  }

  @Override
  public TableSchema schema() {
    return PepitaTable.SCHEMA;
  }

  @Override
  public List<String> check(DaemonConfig config) {
    List<String> faults = new ArrayList<>();
    try {
      PepitaTable table = PepitaTable.of(config.name(), config.table(NAME));
      if (config.isWritten("resources.memory")
          && table.memory() > 0
          && config.resources().memory() > table.memory()) {
        faults.add(
            "resources.memory is more than the machine has ([pepita] memory); a program cannot get"
                + " more than its machine");
      }
    } catch (DaemonException e) {
      faults.add(e.getMessage());
    }
    return faults;
  }

  // --- lives ------------------------------------------------------------------------------------

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(spec.name());
    String label = next.remove(spec.name());
    VmRun run =
        label == null
            ? machines().start(spec, events, deadline)
            : machines()
                .takeUp(
                    spec,
                    Snapshots.of(spec.name(), spec.stateDirectory()).get(label),
                    events,
                    deadline);
    runs.put(Key.of(run.handle), run);
    if (gone) {
      run.leave();
      throw new AdapterGone(NAME, spec.name());
    }
    return run.handle;
  }

  private Optional<VmRun> find(DaemonHandle handle) {
    return Optional.ofNullable(runs.get(Key.of(handle)))
        .filter(r -> r.handle.get(Machines.PROCESS).equals(handle.get(Machines.PROCESS)))
        .filter(r -> r.handle.pid().equals(handle.pid()));
  }

  private VmRun get(DaemonHandle handle) throws DaemonException {
    refuseGone(handle.name());
    return find(handle)
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_FOUND,
                    handle.name(),
                    "run " + handle.generation() + " is not one of this adapter's machines",
                    "\"pepita list\" shows them"));
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(handle.name());
    Optional<VmRun> known = find(handle);
    if (known.isPresent()) {
      known.get().tell(events);
      return known.get().hasEnded()
          ? new Recovery.Exited(known.get().exit().join())
          : new Recovery.Running(known.get().handle, known.get().isPaused());
    }
    Machines.Found found = machines().recover(handle, spec, events, deadline);
    if (found.run() != null) {
      runs.put(Key.of(handle), found.run());
    }
    return found.recovery();
  }

  @Override
  public void recoveryComplete(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    refuseGone("recovery");
    Set<String> processes =
        kept.stream()
            .flatMap(h -> h.get(Machines.PROCESS).stream())
            .collect(Collectors.toUnmodifiableSet());
    for (VmRun run : List.copyOf(runs.values())) {
      if (run.spec.instance().equals(instance)
          && !processes.contains(run.handle.get(Machines.PROCESS).orElse(""))) {
        run.kill(deadline);
        destroy(run.handle, deadline);
      }
    }
    new Leftovers(openEngine()).remove(instance, processes, deadline);
  }

  private synchronized Engine openEngine() throws DaemonException {
    Machines _ = machines();
    Engine open = engine;
    if (open == null) {
      throw new AdapterGone(NAME, "recovery");
    }
    return open;
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException {
    get(handle).signal(signal, deadline);
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    VmRun run = get(handle);
    Map<String, String> details = new LinkedHashMap<>();
    details.put("machine", run.plan.name());
    details.put("monitor", run.monitor.word() + (run.monitor.simulated() ? " (simulated)" : ""));
    details.put("accelerator", run.plan.accelerated() ? "KVM" : "emulation");
    details.put("vcpus", Integer.toString(run.plan.vcpus()));
    details.put("memory", Long.toString(run.plan.memory()));
    details.put("cid", Long.toString(run.plan.cid()));
    if (!run.files().isEmpty()) {
      details.put("files", run.files());
    }
    if (run.hasEnded()) {
      return new PlatformStatus(
          PlatformStatus.State.ENDED, OptionalLong.empty(), run.statusText(), List.of(), details);
    }
    // A paused guest answers nothing.
    boolean paused = run.isPaused();
    List<LimitReport> limits = List.of();
    if (!paused) {
      try {
        limits = run.limits(deadline);
      } catch (DaemonException e) {
        details.put("limits", "the guest does not tell: " + e.problem());
      }
    }
    PlatformStatus.State state =
        run.hasEnded()
            ? PlatformStatus.State.ENDED
            : paused ? PlatformStatus.State.PAUSED : PlatformStatus.State.RUNNING;
    return new PlatformStatus(state, run.handle.pid(), run.statusText(), limits, details);
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    refuseGone(handle.name());
    Optional<VmRun> run = find(handle);
    if (run.isPresent()) {
      run.get().stop(stopSignal, timeout);
    }
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    refuseGone(handle.name());
    Optional<VmRun> run = find(handle);
    if (run.isPresent()) {
      run.get().kill(deadline);
    }
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    get(handle).pause(deadline);
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    get(handle).resume(deadline);
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    if (gone) {
      return CompletableFuture.failedStage(new AdapterGone(NAME, handle.name()));
    }
    return find(handle)
        .<CompletionStage<ExitReason>>map(VmRun::exit)
        .orElseGet(
            () ->
                CompletableFuture.completedStage(
                    new ExitReason.Unknown("it is not one of this adapter's machines")));
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException {
    ByteBuffer f = get(handle).usage(deadline);
    long cpu = f.getLong();
    long memory = f.getLong();
    long processes = f.getLong();
    long threads = f.getLong();
    long files = f.getLong();
    long read = f.getLong();
    long written = f.getLong();
    long received = f.getLong();
    long sent = f.getLong();
    long voluntary = f.getLong();
    long involuntary = f.getLong();
    long kills = f.getLong();
    return new UsageSample(
        Instant.now(),
        atLeastZero(cpu),
        atLeastZero(memory),
        atLeastZero(processes),
        atLeastZero(threads),
        atLeastZero(files),
        atLeastZero(read),
        atLeastZero(written),
        atLeastZero(received),
        atLeastZero(sent),
        atLeastZero(voluntary),
        atLeastZero(involuntary),
        UsageSample.UNKNOWN,
        atLeastZero(kills));
  }

  /** A guest may say what it likes. */
  private static long atLeastZero(long figure) {
    return figure < 0 ? UsageSample.UNKNOWN : figure;
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    VmRun run = get(handle);
    return query -> {
      try {
        return new LogReader(run.log(), query);
      } catch (IOException e) {
        throw new DaemonException(
            ErrorCode.IO, run.log().file().toString(), "cannot be read: " + e, "", e);
      }
    };
  }

  @Override
  public List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException {
    return get(handle).updateLimits(resources, deadline);
  }

  @Override
  public ExecResult exec(DaemonHandle handle, List<String> command, Deadline deadline)
      throws DaemonException {
    return get(handle).exec(command, deadline);
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    refuseGone(handle.name());
    Optional<VmRun> run = find(handle);
    if (run.isEmpty()) {
      machines().cleanLost(handle);
      return;
    }
    if (!run.get().hasEnded()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, handle.name(), "its machine still runs", "stop it first");
    }
    run.get().leaveLog();
    machines().clean(handle);
    VmRun _ = runs.remove(Key.of(handle));
  }

  @Override
  public ByteChannel connectHost(DaemonHandle handle, LaunchSpec spec, Deadline deadline)
      throws DaemonException {
    return get(handle).stream(spec.hostSocket().toString(), deadline);
  }

  // --- for the commands
  // ---------------------------------------------------------------------------

  @Override
  public List<Vm> all() {
    return runs.values().stream()
        .filter(r -> !r.hasEnded())
        .map(r -> (Vm) new RunningVm(r, snapshotting))
        .toList();
  }

  @Override
  public Snapshot takeUpNext(String daemon, Path stateDirectory, String label)
      throws DaemonException {
    refuseGone(daemon);
    Snapshots snapshots = Snapshots.of(daemon, stateDirectory);
    Snapshot snapshot = snapshots.get(label);
    snapshots.verify(snapshot);
    Optional<VmRun> last =
        runs.values().stream().filter(r -> r.spec.name().equals(daemon)).findFirst();
    snapshotting.check(snapshot, last, monitors);
    next.put(daemon, label);
    return snapshot;
  }

  @Override
  public boolean forgetTakeUp(String daemon) {
    return next.remove(daemon) != null;
  }
}
