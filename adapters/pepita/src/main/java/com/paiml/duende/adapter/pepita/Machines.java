package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Guest;
import com.paiml.duende.adapter.pepita.channel.GuestState;
import com.paiml.duende.adapter.pepita.channel.Secret;
import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.adapter.pepita.log.Delivery;
import com.paiml.duende.adapter.pepita.monitor.Jail;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.VmPlan;
import com.paiml.duende.adapter.pepita.snapshot.Snapshot;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.confine.Namespace;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.ProcessIdentity;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Stdio;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.support.log.RotatedLog;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Starts machines, and takes up those that an earlier container has left. */
final class Machines {
  private static final Logger LOGGER = System.getLogger(Machines.class.getName());

  /** In a handle: the monitor's process, as pid, start time and boot. */
  static final String PROCESS = "process";

  /** In a handle: the machine's name. */
  static final String MACHINE = "machine";

  /** In a handle: its folder. */
  static final String FOLDER = "folder";

  static final String MONITOR = "monitor";
  static final String CHANNEL = "channel";

  /** In a handle: the process beside the monitor, where there is one. */
  static final String COMPANION = "companion";

  /** In a handle: how many disks its machine has. */
  static final String DISKS = "disks";

  /** In a handle: what its monitor is shut in, in words. */
  static final String JAIL = "jail";

  /** In a machine's folder: the disk with the files that are sent in. */
  static final String FILES_DISK = "files.ext4";

  static final String CID = "cid";

  /** In a machine's folder: what its monitor has said. */
  private static final String WORDS = "monitor.log";

  static final String MEMORY = "memory";
  static final String VCPUS = "vcpus";
  static final String ACCELERATED = "accelerated";

  private static final long KERNELS_SHARE = 64L << 20;
  private static final long MEBIBYTE = 1L << 20;

  private final Engine engine;
  private final Monitors monitors;
  private final Images images;
  private final Kvm kvm;
  private final Cids cids;
  private final Jails jails = Jails.here();

  /** Of the machines that this adapter has, or is making. */
  private final Set<Path> folders = ConcurrentHashMap.newKeySet();

  private final java.util.function.Supplier<Optional<HostRuntime>> host;

  Machines(
      Engine engine,
      Monitors monitors,
      Images images,
      Kvm kvm,
      Cids cids,
      java.util.function.Supplier<Optional<HostRuntime>> host) {
    this.engine = engine;
    this.monitors = monitors;
    this.images = images;
    this.kvm = kvm;
    this.cids = cids;
    this.host = host;
  }

  /** {@code duende-vm-NAME}; of an instance that is not the default its id stands before the name. */
  static String machineName(Instance instance, String daemon) {
    return "duende-vm-" + (instance.isDefault() ? "" : instance.id() + "-") + daemon;
  }

  private static Path folder(LaunchSpec spec) {
    return spec.runDirectory().resolve("vm");
  }

  // --- starting ---------------------------------------------------------------------------------

  /** Starts a machine and its program; the run is watched when this returns. */
  VmRun start(LaunchSpec asked, AdapterEvents events, Deadline deadline) throws DaemonException {
    Command command = Command.of(asked, images, host);
    FilesIn files = FilesIn.of(asked.name(), command.table().files());
    return launch(command, new FreshStart(command, files), events, deadline);
  }

  /** Starts a machine as it was when a snapshot of it was taken. What fails here is not to be tried again. */
  VmRun takeUp(LaunchSpec asked, Snapshot snapshot, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    Command command = Command.of(asked, images, host);
    try {
      return launch(command, new TakenUp(command, snapshot), events, deadline);
    } catch (DaemonException e) {
      if (e instanceof AdapterGone || e.problem().startsWith("its snapshot ")) {
        throw e;
      }
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          asked.name(),
          "its snapshot \"" + snapshot.label() + "\" cannot be taken up: " + e.problem(),
          "start it afresh: duende start " + asked.name(),
          e);
    }
  }

  private VmRun launch(
      Command command, Beginning beginning, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    while (true) {
      try {
        return launchOnce(command, beginning, events, deadline);
      } catch (ForeignCid e) {
        cids.foreign(e.cid);
        if (deadline.hasPassed()) {
          throw new DaemonException(
              ErrorCode.TIMEOUT,
              command.spec().name(),
              "machines of others have all the context ids up to " + e.cid,
              "allow more time, or say channel = \"serial\"",
              e);
        }
        LOGGER.log(
            Level.DEBUG,
            command.spec().name() + ": another's machine has the context id " + e.cid,
            e);
      }
    }
  }

  /** The context id that was taken is in use by a machine of which our files do not tell. */
  private static final class ForeignCid extends Exception {
    private static final long serialVersionUID = 1;
    final long cid;

    ForeignCid(long cid, DaemonException cause) {
      super(cause);
      this.cid = cid;
    }
  }

  private VmRun launchOnce(
      Command command, Beginning beginning, AdapterEvents events, Deadline deadline)
      throws DaemonException, ForeignCid {
    LaunchSpec spec = command.spec();
    PepitaTable table = command.table();
    Image image = images.get(table.image());
    boolean accelerated = kvm.verdict(image).works();
    Monitor monitor = monitors.choose(spec.name(), table.monitor(), table.channel(), accelerated);
    beginning.check(image, monitor, accelerated);
    refuseEmpty(deadline, spec.name());
    Resources limits = limits(spec.config(), memory(spec.config(), table));
    Path folder = makeFolder(spec);
    Undo undo = new Undo();
    undo.add(() -> deleteFolder(folder));
    long cid = 0;
    try {
      Path _ = Files.writeString(folder.resolve(Leftovers.OWNER), spec.instance().id());
      String own = engine.own();
      long taken = cids.take(own);
      cid = taken;
      undo.add(() -> cids.free(taken, own));
      Secret secret = beginning.secret();
      secret.write(folder.resolve("secret"));
      Optional<Path> files = beginning.filesDisk(folder, deadline);
      VmPlan plan = plan(spec, command, image, monitor, files, accelerated, cid);
      beginning.prepare(plan, image, secret);
      Optional<Pidfd> companion = startCompanion(monitor, plan, deadline);
      companion.ifPresent(c -> undo.add(() -> killAndReap(c)));
      Pidfd process = startMonitor(monitor, beginning, plan, deadline);
      undo.add(() -> killAndReap(process));
      ProcessIdentity identity = engine.processes.identify(process);
      cids.hand(taken, identity.encode());
      undo.add(() -> cids.free(taken, identity.encode()));
      RotatedLog log =
          engine.logs.join(
              spec.logFile(), spec.config().log().maxSize(), spec.config().log().keep());
      VmRun run =
          new VmRun(
              engine,
              spec,
              handle(
                  spec,
                  plan,
                  monitor,
                  identity,
                  companion.isPresent()
                      ? Optional.of(engine.processes.identify(companion.get()))
                      : Optional.empty()),
              plan,
              monitor,
              events,
              secret,
              process,
              companion,
              log,
              beginning.delivery(log, folder.resolve("log.at")),
              limits);
      undo.clear();
      undo.add(() -> abandon(run));
      run.watch();
      try {
        beginning.begin(run, limits, deadline);
      } catch (DaemonException e) {
        throw run.orLastWords(e);
      }
      return run;
    } catch (DaemonException e) {
      boolean foreign = monitor.refusesCid(wordsOf(folder));
      undo.all();
      if (foreign) {
        throw new ForeignCid(cid, e);
      }
      throw e;
    } catch (LinuxException e) {
      undo.all();
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "its monitor cannot be started: " + e.getMessage(),
          e.remedy(),
          e);
    } catch (IOException e) {
      undo.all();
      throw new DaemonException(
          ErrorCode.IO,
          spec.name(),
          "its machine cannot be made: " + e.getMessage(),
          "see the space left, and the rights of " + folder,
          e);
    }
  }

  private static String wordsOf(Path folder) {
    try {
      return Files.readString(folder.resolve(WORDS), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";
    }
  }

  private static void refuseEmpty(Deadline deadline, String name) throws DaemonException {
    if (deadline.hasPassed()) {
      throw new DaemonException(
          ErrorCode.TIMEOUT, name, "there was no time left to start it", "allow more");
    }
  }

  static void refuseWrittenLimits(LaunchSpec spec, List<LimitReport> reports)
      throws DaemonException {
    if (spec.config().resources().enforce() != Resources.Enforce.STRICT) {
      return;
    }
    for (LimitReport report : reports) {
      if (!report.inForce() && spec.config().isWritten(report.key())) {
        throw new DaemonException(
            ErrorCode.RESOURCE_LIMIT,
            spec.name(),
            report.key() + " is not in force: " + report.why(),
            "leave it out, or say enforce = \"best-effort\"");
      }
    }
  }

  static long memory(DaemonConfig config, PepitaTable table) {
    long asked =
        config.isWritten("resources.memory")
            ? config.resources().memory() + KERNELS_SHARE
            : PepitaTable.DEFAULT_MEMORY;
    long bytes = table.memory() > 0 ? table.memory() : Math.max(asked, PepitaTable.LEAST_MEMORY);
    return (bytes + MEBIBYTE - 1) / MEBIBYTE * MEBIBYTE;
  }

  /** Of memory the default is what the machine has. */
  private static Resources limits(DaemonConfig config, long machine) {
    Resources r = config.resources();
    long memory = config.isWritten("resources.memory") ? r.memory() : machine;
    return new Resources(
        memory,
        Math.max(memory, r.memorySwap()),
        r.cpuQuota(),
        r.cpuShares(),
        r.ioReadBps(),
        r.ioWriteBps(),
        r.networkBps(),
        r.disk(),
        r.pids(),
        r.openFiles(),
        r.lockMemory(),
        r.lockMemoryRequired(),
        r.enforce());
  }

  private Path makeFolder(LaunchSpec spec) throws DaemonException {
    Path folder = folder(spec);
    try {
      try {
        return createFolder(folder);
      } catch (FileAlreadyExistsException e) {
        if (folders.contains(folder)
            || !isOf(spec.instance(), folder)
            || new Leftovers(engine).isInUse(folder)) {
          throw new DaemonException(
              ErrorCode.ALREADY_EXISTS,
              spec.name(),
              "there is a machine in " + folder + " already",
              "stop that machine first",
              e);
        }
        // Its monitor ended while no adapter was there, before anybody could clear up after it.
        delete(folder);
        return createFolder(folder);
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, spec.name(), folder + " cannot be made: " + e, "see its rights", e);
    }
  }

  /** Also of one that nobody had signed yet, when its container died. */
  private static boolean isOf(Instance instance, Path folder) throws IOException {
    Path owner = folder.resolve(Leftovers.OWNER);
    return !Files.exists(owner)
        || Set.of("", instance.id()).contains(Files.readString(owner).strip());
  }

  private Path createFolder(Path folder) throws IOException {
    Path made =
        Files.createDirectory(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    boolean _ = folders.add(folder);
    return made;
  }

  private VmPlan plan(
      LaunchSpec spec,
      Command command,
      Image image,
      Monitor monitor,
      Optional<Path> files,
      boolean accelerated,
      long cid)
      throws DaemonException {
    PepitaTable table = command.table();
    List<String> modules = new ArrayList<>();
    List<VmPlan.Disk> disks = new ArrayList<>();
    if (monitor.vsockPort().isPresent()) {
      modules.addAll(List.of("mmio", "vsock"));
    } else {
      modules.add("serial");
    }
    if (command.rootfs().isPresent()) {
      disks.add(new VmPlan.Disk(command.rootfs().get(), !table.writable()));
      if (!table.writable()) {
        modules.add("overlay");
      }
    }
    files.ifPresent(made -> disks.add(new VmPlan.Disk(made, true)));
    if (!disks.isEmpty()) {
      modules.add("disk");
    }
    if (table.network()) {
      modules.add("net");
    }
    return new VmPlan(
        machineName(spec.instance(), spec.name()),
        folder(spec),
        table.machine(),
        table.kernel().isEmpty() ? image.kernel() : kernel(spec.name(), table.kernel()),
        folder(spec).resolve("initrd"),
        modules,
        memory(spec.config(), table),
        table.vcpus(),
        disks,
        table.network(),
        table.ports(),
        cid,
        accelerated,
        jail(monitor, cid, folder(spec), table.network()));
  }

  private Jail jail(Monitor monitor, long cid, Path folder, boolean network)
      throws DaemonException {
    if (!monitor.jails()) {
      return Jail.NONE;
    }
    Jail jail = jails.of(cid, folder.resolve(Leftovers.ROOT), network);
    try {
      if (jail.root().isPresent()) {
        Path _ = Files.createDirectory(jail.root().get());
      }
      return jail;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, folder.toString(), "cannot be written: " + e, "see the space left", e);
    }
  }

  private static Path kernel(String daemon, String file) throws DaemonException {
    Path kernel = Path.of(file);
    try (var in = Files.newInputStream(kernel)) {
      byte[] head = in.readNBytes(4);
      if (head.length == 4 && head[0] == 0x7f && head[1] == 'E') {
        return kernel;
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          daemon + ": [pepita] kernel",
          kernel + " cannot be read: " + e.getMessage(),
          "see its path",
          e);
    }
    throw new DaemonException(
        ErrorCode.CONFIGURATION,
        daemon + ": [pepita] kernel",
        kernel + " is no ELF kernel",
        "give a vmlinux; \"pepita image build --kernel PACKAGE\" makes one of a package");
  }

  private Optional<Pidfd> startCompanion(Monitor monitor, VmPlan plan, Deadline deadline)
      throws DaemonException, LinuxException {
    List<String> words = monitor.companion(plan);
    if (words.isEmpty()) {
      return Optional.empty();
    }
    Path program = Path.of(words.getFirst());
    Pidfd process = spawn(program, words.subList(1, words.size()), plan, deadline);
    try {
      while (!Files.exists(monitor.companionSocket(plan))) {
        // Its end is what this waits for; that it is ready nothing tells but the file.
        if (deadline.hasPassed() || process.awaitEnd(java.time.Duration.ofMillis(3))) {
          throw new DaemonException(
              ErrorCode.SPAWN,
              plan.name(),
              program + " does not serve its vsock",
              "see " + plan.folder().resolve("monitor.log") + ", or say channel = \"serial\"");
        }
      }
      return Optional.of(process);
    } catch (DaemonException | LinuxException e) {
      killAndReap(process);
      throw e;
    }
  }

  private Pidfd startMonitor(Monitor monitor, Beginning beginning, VmPlan plan, Deadline deadline)
      throws DaemonException, LinuxException {
    Path program =
        monitor
            .program()
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.NOT_FOUND,
                        plan.name(),
                        "the monitor " + monitor.word() + " is gone",
                        monitor.remedy()));
    return spawn(program, beginning.arguments(monitor, plan), plan, deadline);
  }

  private Pidfd spawn(Path program, List<String> arguments, VmPlan plan, Deadline deadline)
      throws LinuxException {
    Path words = plan.folder().resolve(WORDS);
    Confinement.Builder confinement = Confinement.builder().umask(0077).noNewPrivileges();
    if (!plan.jail().network()) {
      confinement.namespace(Namespace.NETWORK);
    }
    return engine.spawner.spawn(
        SpawnRequest.of(program, arguments)
            .withStdio(new Stdio.Null(), new Stdio.Append(words), new Stdio.Append(words))
            .withWorkingDirectory(plan.folder())
            .withConfinement(confinement.build())
            .withDeadline(deadline.remaining()));
  }

  private static DaemonHandle handle(
      LaunchSpec spec,
      VmPlan plan,
      Monitor monitor,
      ProcessIdentity identity,
      Optional<ProcessIdentity> companion) {
    Map<String, String> data = new HashMap<>();
    data.put(DaemonHandle.PID, Integer.toString(identity.pid()));
    data.put(PROCESS, identity.encode());
    data.put(MACHINE, plan.name());
    data.put(FOLDER, plan.folder().toString());
    data.put(MONITOR, monitor.word());
    data.put(CHANNEL, monitor.carrier());
    companion.ifPresent(c -> data.put(COMPANION, c.encode()));
    data.put(CID, Long.toString(plan.cid()));
    data.put(MEMORY, Long.toString(plan.memory()));
    data.put(VCPUS, Integer.toString(plan.vcpus()));
    data.put(DISKS, Integer.toString(plan.disks().size()));
    data.put(JAIL, plan.jail().words());
    data.put(ACCELERATED, Boolean.toString(plan.accelerated()));
    return new DaemonHandle(PepitaAdapter.NAME, spec.name(), spec.id(), spec.generation(), data);
  }

  // --- ending -----------------------------------------------------------------------------------

  private static void killAndReap(Pidfd process) {
    try {
      boolean _ = process.sendSignal(9);
      boolean _ = process.awaitEnd(java.time.Duration.ofSeconds(10));
      Optional<?> _ = process.reap();
    } catch (LinuxException e) {
      LOGGER.log(Level.WARNING, "a monitor that was being started: " + e.getMessage());
    }
    process.close();
  }

  private void abandon(VmRun run) {
    try {
      run.kill(Deadline.after(java.time.Duration.ofSeconds(10)));
    } catch (DaemonException e) {
      LOGGER.log(Level.WARNING, e.getMessage());
    }
    run.leaveLog();
    clean(run.handle);
  }

  /** Removes what is left of an ended machine. */
  void clean(DaemonHandle handle) {
    handle.get(CID).ifPresent(cid -> freeCid(cid, handle.get(PROCESS).orElse("")));
    handle.get(FOLDER).ifPresent(f -> deleteQuietly(Path.of(f)));
  }

  /** As {@link #clean}, of one that ended while no adapter was there; its folder may be a later machine's by now. */
  void cleanLost(DaemonHandle handle) throws DaemonException {
    String identity = handle.get(PROCESS).orElse("");
    if (runs(identity)) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, handle.name(), "its machine still runs", "stop it first");
    }
    Optional<Path> folder = handle.get(FOLDER).map(Path::of);
    if (folder.isPresent()
        && !folders.contains(folder.get())
        && !new Leftovers(engine).isInUse(folder.get())) {
      clean(handle);
    } else {
      handle.get(CID).ifPresent(cid -> freeCid(cid, identity));
    }
  }

  /** One that has ended and that nobody has reaped yet does not. */
  private boolean runs(String identity) throws DaemonException {
    Optional<Pidfd> found = engine.find(identity);
    if (found.isEmpty()) {
      return false;
    }
    try (Pidfd process = found.get()) {
      return !process.awaitEnd(java.time.Duration.ZERO);
    } catch (LinuxException e) {
      throw new DaemonException(ErrorCode.IO, "pepita", e.getMessage(), e.remedy(), e);
    }
  }

  private void freeCid(String cid, String owner) {
    try {
      cids.free(Long.parseLong(cid), owner);
    } catch (IOException | NumberFormatException e) {
      LOGGER.log(Level.WARNING, "the context id " + cid + " is not given back: " + e.getMessage());
    }
  }

  private void deleteQuietly(Path folder) {
    try {
      deleteFolder(folder);
    } catch (IOException e) {
      LOGGER.log(Level.WARNING, folder + " is left: " + e.getMessage());
    }
  }

  private void deleteFolder(Path folder) throws IOException {
    delete(folder);
    boolean _ = folders.remove(folder);
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        boolean _ = Files.deleteIfExists(file);
      }
    }
  }

  /** What is to be undone when a start fails, last first. */
  private static final class Undo {
    private final List<Step> steps = new ArrayList<>();

    private interface Step {
      void run() throws IOException;
    }

    void add(Step step) {
      steps.add(step);
    }

    void clear() {
      steps.clear();
    }

    void all() {
      for (Step step : steps.reversed()) {
        try {
          step.run();
        } catch (IOException e) {
          LOGGER.log(Level.WARNING, "left of a start that failed: " + e.getMessage());
        }
      }
    }
  }

  // --- recovery ---------------------------------------------------------------------------------

  /** What became of a machine; a run where it goes on. */
  record Found(Recovery recovery, @Nullable VmRun run) {}

  Found recover(DaemonHandle handle, LaunchSpec asked, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    String identity = handle.get(PROCESS).orElse("");
    if (!identity.startsWith(handle.get(DaemonHandle.PID).orElse("-") + ":")) {
      return new Found(new Recovery.Lost("its handle names two processes"), null);
    }
    Optional<Pidfd> process = engine.find(identity);
    if (process.isEmpty()) {
      return new Found(
          new Recovery.Lost("its machine ended while nobody watched, before it told how"), null);
    }
    Path folder = Path.of(handle.get(FOLDER).orElse("/nonexistent"));
    Monitor monitor = running(handle);
    VmRun run;
    try {
      RotatedLog log =
          engine.logs.join(
              asked.logFile(), asked.config().log().maxSize(), asked.config().log().keep());
      VmPlan plan = planOf(handle, folder, PepitaTable.of(asked.name(), asked.table()).network());
      run =
          new VmRun(
              engine,
              asked,
              handle,
              plan,
              monitor,
              events,
              Secret.read(folder.resolve("secret")),
              process.get(),
              handle.get(COMPANION).flatMap(engine::find),
              log,
              Delivery.goOn(log, folder.resolve("log.at")),
              limits(asked.config(), plan.memory()));
      run.watch();
    } catch (IOException | LinuxException e) {
      process.get().close();
      return new Found(
          new Recovery.Lost("what belongs to its machine cannot be read: " + e.getMessage()), null);
    }
    Found found = takeUp(run, deadline);
    if (found.run() != null) {
      boolean _ = folders.add(folder);
    }
    return found;
  }

  private Monitor running(DaemonHandle handle) throws DaemonException {
    String word = handle.get(MONITOR).orElse("qemu");
    String carrier = handle.get(CHANNEL).orElse("serial");
    return monitors
        .findRunning(word, carrier)
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_SUPPORTED,
                    handle.name(),
                    "it runs by " + word + " over " + carrier + ", which is not known",
                    "start the adapter that has started it"));
  }

  private static Found takeUp(VmRun run, Deadline deadline) throws DaemonException {
    try {
      run.attach(deadline);
      run.lookWhetherPaused(deadline);
      if (run.isPaused()) {
        // It answers when it goes on.
        Guest _ = run.connect(deadline);
        run.begun();
        return new Found(new Recovery.Running(run.handle, true), run);
      }
      GuestState state = run.open(deadline).opened(deadline);
      run.begun();
      // The container before may have died in the middle of a snapshot.
      run.goOn();
      if (state.phase() == GuestState.Phase.ENDED && run.awaitEnd(deadline)) {
        ExitReason reason = run.exit().join();
        return new Found(new Recovery.Exited(reason), run);
      }
      return new Found(new Recovery.Running(run.handle, false), run);
    } catch (DaemonException e) {
      if (run.awaitEnd(Deadline.after(java.time.Duration.ofSeconds(1)))) {
        return new Found(new Recovery.Exited(run.exit().join()), run);
      }
      run.leave();
      throw e;
    }
  }

  private static VmPlan planOf(DaemonHandle handle, Path folder, boolean network) {
    long cid = Long.parseLong(handle.get(CID).orElse("0"));
    boolean jailed = handle.get(JAIL).filter(w -> w.startsWith("user ")).isPresent();
    return new VmPlan(
        handle.get(MACHINE).orElse(""),
        folder,
        "",
        Path.of(""),
        folder.resolve("initrd"),
        List.of(),
        Long.parseLong(handle.get(MEMORY).orElse("0")),
        Integer.parseInt(handle.get(VCPUS).orElse("1")),
        List.of(),
        false,
        List.of(),
        cid,
        Boolean.parseBoolean(handle.get(ACCELERATED).orElse("false")),
        jailed ? new Jails(true).of(cid, folder.resolve(Leftovers.ROOT), network) : Jail.NONE);
  }
}
