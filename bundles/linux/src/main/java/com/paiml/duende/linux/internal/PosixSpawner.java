package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * posix_spawn(3): the C library clones with CLONE_VM and CLONE_VFORK, so the cost does not grow with
 * the heap, and runs nothing of ours between clone and exec.
 */
final class PosixSpawner implements Spawner {
  private static final int P_PID = 1;
  private static final int WEXITED = 4;
  private static final int SIGKILL = 9;
  private static final int FIRST_AFTER_STDIO = 3;

  private final Kernel kernel;
  private final Libc libc;
  private final LateLibc late;
  private final Arena arena;
  private final MemorySegment attributes;
  private final Fd nothing;

  private PosixSpawner(Kernel kernel, LateLibc late, Arena arena, Fd nothing)
      throws LinuxException {
    this.kernel = kernel;
    this.libc = kernel.libc();
    this.late = late;
    this.arena = arena;
    this.nothing = nothing;
    this.attributes = arena.allocate(Layouts.SPAWN_ATTR_ROOM, 16);
    prepareAttributes();
  }

  static PosixSpawner create(Kernel kernel) throws LinuxException {
    LateLibc late;
    try {
      late = LateLibc.load();
    } catch (UnsatisfiedLinkError old) {
      throw new LinuxException(
          Errno.ENOSYS,
          "posix_spawn_file_actions_addclosefrom_np",
          "the C library",
          "Starting programs without leaking descriptors takes glibc 2.34 or later: upgrade it.");
    }
    Arena arena = Arena.ofShared();
    Fd nothing = null;
    try {
      nothing = kernel.open("/dev/null", Kernel.O_RDWR, 0);
      return new PosixSpawner(kernel, late, arena, nothing);
    } catch (LinuxException | RuntimeException fault) {
      arena.close();
      if (nothing != null) {
        nothing.close();
      }
      throw fault;
    }
  }

  private void prepareAttributes() throws LinuxException {
    long attr = attributes.address();
    ok(libc.posix_spawnattr_init(attr), "posix_spawnattr_init");
    int flags =
        Layouts.POSIX_SPAWN_SETSID | Layouts.POSIX_SPAWN_SETSIGDEF | Layouts.POSIX_SPAWN_SETSIGMASK;
    ok(libc.posix_spawnattr_setflags(attr, (short) flags), "posix_spawnattr_setflags");
    // The set comes back zeroed: nothing is blocked. Java's threads block some signals.
    MemorySegment set = arena.allocate(Layouts.SIGSET_SIZE, 8);
    ok(libc.posix_spawnattr_setsigmask(attr, set.address()), "posix_spawnattr_setsigmask");
    // All bits, written raw: sigfillset would leave out what the C library keeps for itself.
    set.fill((byte) -1);
    ok(libc.posix_spawnattr_setsigdefault(attr, set.address()), "posix_spawnattr_setsigdefault");
  }

  private static void ok(int error, String call) throws LinuxException {
    if (error != 0) {
      throw Kernel.error(-error, call, "the start of a program");
    }
  }

  @Override
  public Pidfd spawn(SpawnRequest request) throws LinuxException {
    SpawnFaults.refuseUnusable(request);
    try (ChildDescriptors descriptors = ChildDescriptors.open(kernel, nothing, request);
        Arena memory = Arena.ofConfined()) {
      int pid = start(request, descriptors.numbers(), memory);
      return hold(pid);
    }
  }

  private int start(SpawnRequest request, int[] sources, Arena memory) throws LinuxException {
    MemorySegment actions = memory.allocate(Layouts.SPAWN_ACTIONS_ROOM, 16);
    MemorySegment pid = memory.allocate(4, 4);
    ok(libc.posix_spawn_file_actions_init(actions.address()), "posix_spawn_file_actions_init");
    try {
      for (int target = 0; target < sources.length; target++) {
        ok(
            libc.posix_spawn_file_actions_adddup2(actions.address(), sources[target], target),
            "posix_spawn_file_actions_adddup2");
      }
      ok(
          late.posix_spawn_file_actions_addclosefrom_np(
              actions.address(), Math.max(FIRST_AFTER_STDIO, sources.length)),
          "posix_spawn_file_actions_addclosefrom_np");
      if (request.workingDirectory().isPresent()) {
        MemorySegment directory =
            Kernel.cString(memory, request.workingDirectory().get().toString());
        ok(
            late.posix_spawn_file_actions_addchdir_np(actions.address(), directory.address()),
            "posix_spawn_file_actions_addchdir_np");
      }
      int error =
          libc.posix_spawn(
              pid.address(),
              Kernel.cString(memory, request.program().toString()).address(),
              actions.address(),
              attributes.address(),
              vector(memory, request.arguments()).address(),
              vector(memory, request.environment()).address());
      if (error != 0) {
        throw SpawnFaults.explain(kernel, error, request);
      }
      return pid.get(Layouts.INT, 0);
    } finally {
      // Cannot fail on what init has prepared.
      int ignored = libc.posix_spawn_file_actions_destroy(actions.address());
      assert ignored == 0;
    }
  }

  private static MemorySegment vector(Arena memory, List<String> strings) {
    MemorySegment vector = memory.allocate(8L * (strings.size() + 1), 8);
    for (int i = 0; i < strings.size(); i++) {
      vector.set(Layouts.LONG, 8L * i, Kernel.cString(memory, strings.get(i)).address());
    }
    return vector;
  }

  /** Nobody reaps it before us, so the number is still the child's. */
  private Pidfd hold(int pid) throws LinuxException {
    try {
      return KernelPidfd.open(kernel, pid);
    } catch (LinuxException noDescriptor) {
      long killed = kernel.raw(Call.KILL, pid, SIGKILL);
      long reaped = kernel.raw(Call.WAITID, P_PID, pid, 0, WEXITED);
      assert killed == 0 && reaped == 0;
      throw noDescriptor;
    }
  }

  @Override
  public void close() {
    if (!nothing.isClosed()) {
      nothing.close();
      int ignored = libc.posix_spawnattr_destroy(attributes.address());
      assert ignored == 0;
      arena.close();
    }
  }
}
