package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.SystemCallTable;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.PreparedStart;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * posix_spawn(3): the C library clones with CLONE_VM and CLONE_VFORK, so the cost does not grow with
 * the heap, and runs nothing of ours between clone and exec. What a child has to do to itself before it becomes the program
 * takes a program in between, the {@link Executor}.
 */
final class PosixSpawner implements Spawner {
  private static final int P_PID = 1;
  private static final int WEXITED = 4;
  private static final int WNOHANG = 1;
  private static final int SIGKILL = 9;
  private static final int FIRST_AFTER_STDIO = 3;
  private static final Duration DEAD_WITHIN = Duration.ofSeconds(5);
  private static final long PAUSE_NANOS = 500_000;

  private final Kernel kernel;
  private final Libc libc;
  private final LateLibc late;
  private final MemorySegment attributes;
  private final Fd nothing;
  // Made when the first confined start asks for them.
  private @Nullable Executor executor;
  private @Nullable SystemCallTable systemCalls;

  private PosixSpawner(Kernel kernel, LateLibc late, Fd nothing) throws LinuxException {
    this.kernel = kernel;
    this.libc = kernel.libc();
    this.late = late;
    this.nothing = nothing;
    // Not freed by close, which another thread's start could be overtaken by. Both C libraries keep
    // everything in the struct itself: there is nothing for posix_spawnattr_destroy to do.
    this.attributes = Arena.ofAuto().allocate(Layouts.SPAWN_ATTR_ROOM, 16);
    prepareAttributes();
  }

  static PosixSpawner create(Kernel kernel) throws LinuxException {
    LateLibc late = kernel.lateLibc();
    Fd nothing = kernel.open("/dev/null", Kernel.O_RDWR, 0);
    try {
      return new PosixSpawner(kernel, late, nothing);
    } catch (LinuxException fault) {
      nothing.close();
      throw fault;
    }
  }

  private void prepareAttributes() throws LinuxException {
    long attr = attributes.address();
    ok(libc.posix_spawnattr_init(attr), "posix_spawnattr_init");
    int flags =
        Layouts.POSIX_SPAWN_SETSID | Layouts.POSIX_SPAWN_SETSIGDEF | Layouts.POSIX_SPAWN_SETSIGMASK;
    ok(libc.posix_spawnattr_setflags(attr, (short) flags), "posix_spawnattr_setflags");
    try (Arena memory = Arena.ofConfined()) {
      // The set comes zeroed: nothing is blocked. Java's threads block some signals.
      MemorySegment set = memory.allocate(Layouts.SIGSET_SIZE, 8);
      ok(libc.posix_spawnattr_setsigmask(attr, set.address()), "posix_spawnattr_setsigmask");
      // All bits, written raw: sigfillset would leave out what the C library keeps for itself.
      set.fill((byte) -1);
      ok(libc.posix_spawnattr_setsigdefault(attr, set.address()), "posix_spawnattr_setsigdefault");
    }
  }

  private static void ok(int error, String call) throws LinuxException {
    if (error != 0) {
      throw Kernel.error(-error, call, "the start of a program");
    }
  }

  @Override
  public Pidfd spawn(SpawnRequest request) throws LinuxException {
    SpawnFaults.refuseUnusable(request);
    return request.confinement().isNone() ? direct(request) : confined(request);
  }

  private Pidfd direct(SpawnRequest request) throws LinuxException {
    try (ChildDescriptors descriptors =
        ChildDescriptors.open(kernel, nothing, request, List.of())) {
      int error =
          start(
              request.program().toString(),
              request.arguments(),
              request.environment(),
              request.workingDirectory().map(Path::toString),
              descriptors.numbers());
      if (error < 0) {
        throw SpawnFaults.explain(kernel, -error, request);
      }
      return hold(error);
    }
  }

  /** Nothing of ours runs in such a child before the C library has begun. */
  @Override
  public Optional<PreparedStart> prepare(SpawnRequest request) {
    return Optional.empty();
  }

  /** The executor gets three descriptors after the program's own: list, report, itself. */
  private Pidfd confined(SpawnRequest request) throws LinuxException {
    Executor executor = executor();
    int listNumber = FIRST_AFTER_STDIO + request.descriptors().size();
    StepList steps =
        ConfinementSteps.of(
            kernel, this::systemCalls, request, listNumber, listNumber + 1, listNumber + 2);
    List<String> arguments = new ArrayList<>(request.arguments().size() + 2);
    arguments.add("executor");
    arguments.add(Integer.toString(listNumber));
    arguments.addAll(request.arguments());
    try (StepReport report = StepReport.open(kernel, steps)) {
      Pidfd process;
      try (ChildDescriptors descriptors =
          ChildDescriptors.open(
              kernel,
              nothing,
              request,
              List.of(report.list(), report.sink(), executor.program()))) {
        int pid =
            start(
                "/proc/self/fd/" + (listNumber + 2),
                arguments,
                request.environment(),
                Optional.empty(),
                descriptors.numbers());
        if (pid < 0) {
          throw SpawnFaults.explainExecutor(kernel, -pid, request);
        }
        process = hold(pid);
      }
      report.awaitStart(process, request);
      return process;
    }
  }

  /** Runs the executor with nothing but an exit, to see whether it can be executed here at all. */
  void tryExecutor() throws LinuxException {
    Executor executor = executor();
    StepList steps = new StepList(kernel.architecture());
    steps.call(Call.EXIT_GROUP, "the trial", StepList.value(0));
    SpawnRequest trial = SpawnRequest.of(Path.of("/proc/self/exe"), List.of());
    try (StepReport report = StepReport.open(kernel, steps);
        ChildDescriptors descriptors =
            ChildDescriptors.open(
                kernel,
                nothing,
                trial,
                List.of(report.list(), report.sink(), executor.program()))) {
      int pid =
          start(
              "/proc/self/fd/" + (FIRST_AFTER_STDIO + 2),
              List.of("executor", Integer.toString(FIRST_AFTER_STDIO), "trial"),
              List.of(),
              Optional.empty(),
              descriptors.numbers());
      if (pid < 0) {
        throw SpawnFaults.explainExecutor(kernel, -pid, trial);
      }
      try (Pidfd process = hold(pid)) {
        if (!process.awaitEnd(trial.deadline())
            || !process.reap().equals(Optional.of(new ExitStatus.Exited(0)))) {
          throw Kernel.error(-Errno.ENOEXEC.number(), "executor", "a trial run");
        }
      }
    }
  }

  private synchronized Executor executor() throws LinuxException {
    Executor ready = executor;
    if (ready == null) {
      if (nothing.isClosed()) {
        throw new LinuxException(
            Errno.EBADF, "posix_spawn", "a program", "The spawner was closed: ask for a new one.");
      }
      ready = Executor.load(kernel);
      executor = ready;
    }
    return ready;
  }

  synchronized SystemCallTable systemCalls() {
    SystemCallTable ready = systemCalls;
    if (ready == null) {
      ready = SystemCallTables.load(kernel.architecture());
      systemCalls = ready;
    }
    return ready;
  }

  /** Returns the pid, or the error number negated. */
  private int start(
      String path,
      List<String> arguments,
      List<String> environment,
      Optional<String> directory,
      int[] sources)
      throws LinuxException {
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment actions = memory.allocate(Layouts.SPAWN_ACTIONS_ROOM, 16);
      MemorySegment pid = memory.allocate(4, 4);
      ok(libc.posix_spawn_file_actions_init(actions.address()), "posix_spawn_file_actions_init");
      try {
        arrange(actions, directory, sources, memory);
        int error =
            libc.posix_spawn(
                pid.address(),
                Kernel.cString(memory, path).address(),
                actions.address(),
                attributes.address(),
                vector(memory, arguments).address(),
                vector(memory, environment).address());
        return error == 0 ? pid.get(Layouts.INT, 0) : -error;
      } finally {
        Reference.reachabilityFence(attributes);
        // Cannot fail on what init has prepared.
        int ignored = libc.posix_spawn_file_actions_destroy(actions.address());
        assert ignored == 0;
      }
    }
  }

  private void arrange(
      MemorySegment actions, Optional<String> directory, int[] sources, Arena memory)
      throws LinuxException {
    for (int target = 0; target < sources.length; target++) {
      ok(
          libc.posix_spawn_file_actions_adddup2(actions.address(), sources[target], target),
          "posix_spawn_file_actions_adddup2");
    }
    ok(
        late.posix_spawn_file_actions_addclosefrom_np(
            actions.address(), Math.max(FIRST_AFTER_STDIO, sources.length)),
        "posix_spawn_file_actions_addclosefrom_np");
    if (directory.isPresent()) {
      ok(
          late.posix_spawn_file_actions_addchdir_np(
              actions.address(), Kernel.cString(memory, directory.get()).address()),
          "posix_spawn_file_actions_addchdir_np");
    }
  }

  static MemorySegment vector(SegmentAllocator memory, List<String> strings) {
    MemorySegment vector = memory.allocate(8L * (strings.size() + 1), 8);
    for (int i = 0; i < strings.size(); i++) {
      vector.set(Layouts.LONG, 8L * i, Kernel.cString(memory, strings.get(i)).address());
    }
    return vector;
  }

  /** Nobody reaps it before us, so the number is still the child's. */
  Pidfd hold(int pid) throws LinuxException {
    try {
      return KernelPidfd.open(kernel, pid);
    } catch (LinuxException noDescriptor) {
      endUnheld(pid, noDescriptor);
      throw noDescriptor;
    }
  }

  private void endUnheld(int pid, LinuxException cause) {
    long killed = kernel.raw(Call.KILL, pid, SIGKILL);
    assert killed == 0;
    long end = System.nanoTime() + DEAD_WITHIN.toNanos();
    try (Arena memory = Arena.ofConfined()) {
      MemorySegment info = memory.allocate(Layouts.SIGINFO_SIZE, 8);
      while (System.nanoTime() < end) {
        long waited = kernel.raw(Call.WAITID, P_PID, pid, info.address(), WEXITED | WNOHANG);
        if (waited < 0 || info.get(Layouts.INT, Layouts.SIGINFO_PID) == pid) {
          return;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
    cause.addSuppressed(Kernel.error(-Errno.ETIMEDOUT.number(), Call.WAITID, "pid " + pid));
  }

  @Override
  public synchronized void close() {
    nothing.close();
    if (executor != null) {
      executor.close();
    }
  }
}
