package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.engine.ImageCache;
import com.paiml.duende.adapter.wos.engine.Instances;
import com.paiml.duende.adapter.wos.engine.MemoryAccount;
import com.paiml.duende.adapter.wos.engine.ModuleLoader;
import com.paiml.duende.adapter.wos.fs.Allowance;
import com.paiml.duende.adapter.wos.fs.Directory;
import com.paiml.duende.adapter.wos.fs.HostTree;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import com.paiml.duende.adapter.wos.fs.Preopen;
import com.paiml.duende.adapter.wos.fs.Streams;
import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import run.endive.runtime.ImportValues;

/** The kernel. Safe for threads. */
public final class Kernel implements AutoCloseable {

  /** The pid of init, which adopts orphans and reaps them. */
  public static final int INIT = 1;

  private static final int HIGHEST_PID = 32767;

  /** No session may hold more than this part of the open files. */
  private static final int FILES_PART = 4;

  private static final System.Logger LOG = System.getLogger(Kernel.class.getName());

  private final KernelOptions options;
  private final ImportValues imports;
  private final ImageCache images;
  private final Dispatcher dispatcher;
  private final HostTree files = new HostTree();
  private final Object lock = new Object();
  private final Map<Integer, WasmProcess> table = new TreeMap<>();
  private final Map<Long, Session> sessions = new LinkedHashMap<>();
  private int lastPid = INIT;
  private boolean closed;
  private final AtomicLong spawned = new AtomicLong();
  private final AtomicLong reaped = new AtomicLong();
  private final Latency yields = new Latency();

  public Kernel(KernelOptions options, Abi abi) {
    this.options = options;
    this.imports = abi.imports();
    this.images =
        new ImageCache(
            new ModuleLoader(abi.types(), options.moduleSize(), options.store()),
            options.cacheSize());
    this.dispatcher = new Dispatcher(options.rules());
  }

  public KernelOptions options() {
    return options;
  }

  public ImageCache images() {
    return images;
  }

  public HostTree files() {
    return files;
  }

  ImportValues imports() {
    return imports;
  }

  /**
   * Starts a session: its main process has a pid, and will run its first instruction when it gets the CPU.
   *
   * @throws DaemonException {@link ErrorCode#RESOURCE_LIMIT} when that would be one process, or one byte, too many
   */
  public Session start(SessionSpec spec, Image image) throws DaemonException {
    Allowance allowance =
        new Allowance(
            options.budget().part(spec.limits().memory()),
            options.files().part(options.files().limit() / FILES_PART));
    MemoryAccount memory = new MemoryAccount(allowance.memory(), spec.limits().processMemory());
    FdTable descriptors = new FdTable(spec.limits().descriptors());
    WasmProcess process;
    try {
      Instances.reserve(spec.name(), image, memory);
      open(spec, allowance, descriptors);
      synchronized (lock) {
        int pid = newPid(spec.name());
        Session session = new Session(this, pid, spec, allowance);
        process =
            new WasmProcess(
                this,
                dispatcher,
                pid,
                INIT,
                session,
                image,
                spec.args(),
                descriptors,
                memory,
                spec.priority(),
                spec.tape(),
                options.stackSize());
        table.put(pid, process);
        session.leader(process);
        sessions.put(session.id(), session);
        dispatcher.admit(process, spec.limits().cpuQuota());
      }
    } catch (DaemonException e) {
      descriptors.closeAll();
      memory.close();
      throw e;
    }
    return begin(process).session();
  }

  private WasmProcess begin(WasmProcess process) throws DaemonException {
    try {
      process.begin();
      spawned.incrementAndGet();
      return process;
    } catch (OutOfMemoryError e) {
      ended(process, new ExitStatus.Signalled(Signal.KILL));
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          process.session().spec().name(),
          "the system gives this JVM no more threads",
          "raise its limit of processes (ulimit -u, pids of its cgroup)",
          e);
    }
  }

  private void open(SessionSpec spec, Allowance allowance, FdTable descriptors)
      throws DaemonException {
    try {
      for (OpenFile stream :
          List.of(Streams.of(spec.input()), Streams.to(spec.output()), Streams.to(spec.errors()))) {
        int fd = descriptors.add(stream, stream.rights(), 0);
        assert fd < 3;
      }
      for (Preopen preopen : spec.preopens()) {
        Directory directory = Directory.of(files, allowance, preopen);
        int fd = descriptors.add(directory, directory.rights(), directory.rightsBelow());
        assert fd >= 3;
      }
    } catch (Fault e) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          spec.name(),
          "its streams and "
              + spec.preopens().size()
              + " directories are more than the "
              + spec.limits().descriptors()
              + " descriptors it may have",
          "raise resources.open_files",
          e);
    }
  }

  /**
   * A process starts another one, in its own session.
   *
   * @param streams what the child has as standard input, output and error
   */
  public WasmProcess fork(
      WasmProcess parent, Image image, List<String> args, List<OpenFile> streams) throws Fault {
    Session session = parent.session();
    MemoryAccount memory =
        new MemoryAccount(session.allowance().memory(), session.limits().processMemory());
    FdTable descriptors = new FdTable(session.limits().descriptors());
    WasmProcess child;
    try {
      Instances.reserve(args.getFirst(), image, memory);
      for (OpenFile stream : streams) {
        int fd = descriptors.add(stream.retain(), stream.rights(), 0);
        assert fd < 3;
      }
      for (Preopen preopen : session.spec().preopens()) {
        Directory directory = Directory.of(files, session.allowance(), preopen);
        int fd = descriptors.add(directory, directory.rights(), directory.rightsBelow());
        assert fd >= 3;
      }
      synchronized (lock) {
        checkFork(parent, session);
        int pid = newPid(args.getFirst());
        child =
            new WasmProcess(
                this,
                dispatcher,
                pid,
                parent.pid(),
                session,
                image,
                args,
                descriptors,
                memory,
                parent.priority(),
                Tape.NONE,
                options.stackSize());
        table.put(pid, child);
        dispatcher.admit(child, 0);
      }
      return begin(child);
    } catch (DaemonException e) {
      descriptors.closeAll();
      memory.close();
      session.tellRefused(String.valueOf(e.getMessage()));
      throw new Fault(Errno.AGAIN);
    } catch (Fault e) {
      descriptors.closeAll();
      memory.close();
      throw e;
    }
  }

  private void checkFork(WasmProcess parent, Session session) throws Fault {
    if (session.isEnding()) {
      throw new Fault(Errno.AGAIN);
    }
    long inSession = table.values().stream().filter(p -> p.session() == session).count();
    long zombies = zombies();
    boolean makesZombies =
        table.values().stream().anyMatch(p -> p.parent() == parent.pid() && p.status().isPresent());
    if (inSession >= session.limits().processes()
        || (zombies >= options.zombies() && makesZombies)) {
      session.tellRefused(inSession + " processes, " + zombies + " zombies");
      throw new Fault(Errno.AGAIN);
    }
  }

  private long zombies() {
    return table.values().stream().filter(p -> p.status().isPresent()).count();
  }

  private int newPid(String name) throws DaemonException {
    if (closed) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE, name, "the WebAssembly kernel has been shut down", "");
    }
    int present = table.size() + 1;
    if (present >= options.processes()) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          name,
          "there are " + present + " WebAssembly processes, init included: the most there may be",
          "stop some; \"wos-ctl ps\" lists them");
    }
    do {
      lastPid = lastPid == HIGHEST_PID ? INIT + 1 : lastPid + 1;
    } while (table.containsKey(lastPid) || sessions.containsKey((long) lastPid));
    return lastPid;
  }

  /** The thread of a process has come to its end. */
  void ended(WasmProcess process, ExitStatus status) {
    process.descriptors().closeAll();
    process.memory().close();
    dispatcher.remove(process);
    Session session = process.session();
    boolean sessionOver;
    List<WasmProcess> orphansToKill = List.of();
    WasmProcess parent;
    synchronized (lock) {
      session.account(process);
      process.status(status);
      adoptChildren(process);
      parent = table.get(process.parent());
      if (parent == null || parent.status().isPresent()) {
        reap(process);
      } else if (zombies() > options.zombies()) {
        oldestZombie().ifPresent(this::reap);
      }
      List<WasmProcess> left = membersLocked(session);
      sessionOver = left.isEmpty();
      if (process.pid() == session.id() && session.spec().endsWithLeader()) {
        session.beginToEnd();
        orphansToKill = left;
      }
      if (sessionOver) {
        reapAllOf(session);
      }
    }
    if (parent != null) {
      parent.childEnded().wakeAll();
    }
    orphansToKill.forEach(p -> p.signal(Signal.KILL));
    if (sessionOver) {
      synchronized (lock) {
        sessions.remove(session.id());
      }
      session.end(session.leader().status().orElse(status));
    }
  }

  private void adoptChildren(WasmProcess dead) {
    for (WasmProcess child : List.copyOf(table.values())) {
      if (child.parent() == dead.pid() && child != dead) {
        child.parent(INIT);
        if (child.status().isPresent()) {
          reap(child);
        }
      }
    }
  }

  private void reapAllOf(Session session) {
    for (WasmProcess p : List.copyOf(table.values())) {
      if (p.session() == session) {
        reap(p);
      }
    }
  }

  /** Of the session that has most of them: nobody's children are forgotten because of another daemon's. */
  private Optional<WasmProcess> oldestZombie() {
    Map<Session, List<WasmProcess>> zombies =
        table.values().stream()
            .filter(p -> p.status().isPresent())
            .collect(Collectors.groupingBy(WasmProcess::session));
    return zombies.values().stream()
        .max(Comparator.comparingInt(List::size))
        .flatMap(most -> most.stream().min(Comparator.comparingLong(WasmProcess::spawnedAt)));
  }

  private void reap(WasmProcess zombie) {
    if (table.remove(zombie.pid()) != null) {
      reaped.incrementAndGet();
    }
  }

  /** What a parent learns of a child that has ended. */
  public record Reaped(int pid, ExitStatus status) {}

  /**
   * Takes a dead child of a process, if there is one.
   *
   * @param pid which; -1 for any
   * @throws Fault {@code ECHILD} when it has no such child
   */
  public Optional<Reaped> reapChild(WasmProcess parent, int pid) throws Fault {
    synchronized (lock) {
      List<WasmProcess> children = new ArrayList<>();
      for (WasmProcess p : table.values()) {
        if (p.parent() == parent.pid() && (pid == -1 || p.pid() == pid)) {
          children.add(p);
        }
      }
      if (children.isEmpty()) {
        throw new Fault(Errno.CHILD);
      }
      for (WasmProcess child : children) {
        Optional<ExitStatus> status = child.status();
        if (status.isPresent()) {
          reap(child);
          return Optional.of(new Reaped(child.pid(), status.get()));
        }
      }
      return Optional.empty();
    }
  }

  /** Waits until a child of the calling process has ended. */
  public Reaped waitChild(WasmProcess parent, int pid) throws Fault {
    while (true) {
      Optional<Reaped> dead = reapChild(parent, pid);
      if (dead.isPresent()) {
        return dead.get();
      }
      parent.await(parent.childEnded(), () -> hasDeadChild(parent, pid));
    }
  }

  private boolean hasDeadChild(WasmProcess parent, int pid) {
    synchronized (lock) {
      List<WasmProcess> children =
          table.values().stream()
              .filter(p -> p.parent() == parent.pid() && (pid == -1 || p.pid() == pid))
              .toList();
      return children.isEmpty() || children.stream().anyMatch(p -> p.status().isPresent());
    }
  }

  public Optional<WasmProcess> process(int pid) {
    synchronized (lock) {
      return Optional.ofNullable(table.get(pid));
    }
  }

  /** {@return all processes by pid, without init} */
  public List<WasmProcess> processes() {
    synchronized (lock) {
      return List.copyOf(table.values());
    }
  }

  List<WasmProcess> members(Session session) {
    synchronized (lock) {
      return membersLocked(session);
    }
  }

  private List<WasmProcess> membersLocked(Session session) {
    return table.values().stream()
        .filter(p -> p.session() == session && p.status().isEmpty())
        .toList();
  }

  /** Nothing more is started in a session. */
  void end(Session session) {
    synchronized (lock) {
      session.beginToEnd();
    }
  }

  void quota(Session session, double percent) {
    dispatcher.quota(session.id(), percent);
  }

  /** Changes a process's priority. */
  public void nice(WasmProcess process, Priority priority) {
    process.nice(priority);
  }

  void yielded(long afterNanos) {
    yields.record(afterNanos);
  }

  void internalError(WasmProcess process, Throwable e) {
    LOG.log(
        System.Logger.Level.ERROR,
        "process " + process.pid() + " of " + process.session().spec().name(),
        e);
  }

  /** {@return from asking a process to yield to its safepoint} */
  public Latency yields() {
    return yields;
  }

  /** {@return how long turns were that ended because another was to have one} */
  public Latency turns() {
    return dispatcher.turnLengths();
  }

  /** {@return from wanting to run to running, for processes of that priority} */
  public Latency waits(Priority priority) {
    return dispatcher.waits(priority);
  }

  /**
   * Figures since the kernel began.
   *
   * @param processes now, init included
   * @param zombies now
   * @param spawned processes started
   * @param reaped processes whose end was taken notice of
   * @param switches times that a process was given the CPU
   */
  public record Figures(int processes, long zombies, long spawned, long reaped, long switches) {}

  public Figures figures() {
    synchronized (lock) {
      return new Figures(
          table.size() + 1, zombies(), spawned.get(), reaped.get(), dispatcher.switches());
    }
  }

  /** Kills everything, and takes no more. Does not wait for the threads: they end at their next safepoint. */
  @Override
  public void close() {
    List<WasmProcess> all;
    synchronized (lock) {
      closed = true;
      all = List.copyOf(table.values());
    }
    all.forEach(p -> p.signal(Signal.KILL));
    images.close();
    // The dispatcher goes on: threads that are ending still pass through it. Its timer ends with
    // the last of them.
    dispatcher.close();
  }
}
