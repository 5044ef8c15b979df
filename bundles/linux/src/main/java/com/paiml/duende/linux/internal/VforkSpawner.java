package com.paiml.duende.linux.internal;

import static com.paiml.duende.linux.internal.StepList.value;

import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.internal.StepList.Place;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.PreparedStart;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import com.paiml.duende.linux.process.Stdio;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The short way to a program: a child that shares this process's memory does to itself what is asked for and executes it, see
 * {@code vfork.c}. Where that cannot be, or must not be, {@link PosixSpawner} does it. Safe for several threads.
 *
 * <p>A child that shares our memory is no victim of the kernel when memory runs out in the group that it has joined: the kernel
 * passes over what is between vfork and exec (in_vfork() of mm/oom_kill.c), and its execve fails instead.
 */
final class VforkSpawner implements Spawner {
  private static final int FIRST_AFTER_STDIO = 3;
  private static final long EVERY_DESCRIPTOR = 0xffffffffL;
  private static final int CLOSE_RANGE_UNSHARE = 2;
  private static final int CLOCK_MONOTONIC = 1;
  private static final int SIGKILL = 9;

  /** Of native memory for each prepared start; a page of it or two is touched before it is made. */
  private static final int MAX_PREPARED = 128 * 1024;

  private final Kernel kernel;
  private final PosixSpawner other;
  private final Fd nothing;
  private final LowNumbers low;
  private @Nullable VforkCode code;
  private volatile boolean lacksPidfd;
  private String whyNot = "";

  private VforkSpawner(Kernel kernel, PosixSpawner other, Fd nothing, LowNumbers low) {
    this.kernel = kernel;
    this.other = other;
    this.nothing = nothing;
    this.low = low;
  }

  static VforkSpawner create(Kernel kernel) throws LinuxException {
    PosixSpawner other = PosixSpawner.create(kernel);
    Fd nothing = null;
    try {
      nothing = kernel.open("/dev/null", Kernel.O_RDWR, 0);
      VforkSpawner spawner =
          new VforkSpawner(kernel, other, nothing, LowNumbers.reserve(kernel, nothing));
      spawner.tryIt();
      return spawner;
    } catch (LinuxException fault) {
      if (nothing != null) {
        nothing.close();
      }
      other.close();
      throw fault;
    }
  }

  /** The bundle may be built without it, memory may not be executable, the kernel may lack one of the calls. */
  private void tryIt() {
    SpawnRequest trial = SpawnRequest.of(Path.of("/proc/self/exe"), List.of());
    StepList steps = new StepList(kernel.architecture());
    try (ChildDescriptors descriptors = ChildDescriptors.openLow(kernel, nothing, low, trial)) {
      VforkCode mapped = VforkCode.map(kernel);
      begin(steps, trial, descriptors.numbers());
      steps.call(Call.EXIT_GROUP, "the trial", value(0));
      try (Pidfd process = start(mapped, steps, trial)) {
        if (process.awaitEnd(trial.deadline())
            && process.reap().equals(Optional.of(new ExitStatus.Exited(0)))) {
          code = mapped;
        } else {
          whyNot = "a trial run did not end as it should";
        }
      }
    } catch (LinuxException cannot) {
      whyNot = cannot.getMessage();
    }
  }

  /** Why starts do not go the short way here; empty when they do. */
  String whyNot() {
    return whyNot;
  }

  /**
   * Whether a child may do that to itself on our memory. Once it has another user, that user could trace it, which the kernel
   * prevents by marking the memory as not dumpable, ours; and a thread that shares memory cannot have every namespace.
   */
  private static boolean mayShareMemory(Confinement confinement) {
    return confinement.user().isEmpty()
        && confinement.namespaces().isEmpty()
        && confinement.joinedNamespaces().isEmpty()
        && confinement.mounts().isEmpty();
  }

  @Override
  public Pidfd spawn(SpawnRequest request) throws LinuxException {
    VforkCode mapped = code;
    if (mapped == null || !mayShareMemory(request.confinement())) {
      return other.spawn(request);
    }
    SpawnFaults.refuseUnusable(request);
    try (ChildDescriptors descriptors = ChildDescriptors.openLow(kernel, nothing, low, request)) {
      StepList steps = new StepList(kernel.architecture());
      begin(steps, request, descriptors.numbers());
      ConfinementSteps.add(kernel, other::systemCalls, request, steps);
      return start(mapped, steps, request);
    }
  }

  @Override
  public Optional<PreparedStart> prepare(SpawnRequest request) throws LinuxException {
    if (code == null
        || lacksPidfd
        || !mayShareMemory(request.confinement())
        || !request.descriptors().isEmpty()
        || !streams(request).stream().allMatch(VforkSpawner::isOpenedByTheChild)) {
      return Optional.empty();
    }
    SpawnFaults.refuseUnusable(request);
    StepList steps = new StepList(kernel.architecture());
    endLate(steps, request.deadline());
    steps.call(Call.SETSID, "a session");
    Map<Stdio, Place> opened = new HashMap<>();
    for (Stdio stream : streams(request)) {
      if (!opened.containsKey(stream)) {
        opened.put(stream, openStream(steps, stream));
      }
    }
    List<Stdio> streams = streams(request);
    for (int target = 0; target < streams.size(); target++) {
      Place from = opened.get(streams.get(target));
      if (from != null) {
        steps.call(Call.DUP3, "descriptor " + target, from.load(), value(target), value(0));
      }
    }
    closeOthers(steps, FIRST_AFTER_STDIO);
    ConfinementSteps.add(kernel, other::systemCalls, request, steps);
    byte[] encoded = steps.encode();
    return Successor.size(encoded, request) > MAX_PREPARED
        ? Optional.empty()
        : Optional.of(Successor.of(kernel, encoded, request));
  }

  private static List<Stdio> streams(SpawnRequest request) {
    return List.of(request.stdin(), request.stdout(), request.stderr());
  }

  private static boolean isOpenedByTheChild(Stdio stream) {
    return !(stream instanceof Stdio.Handed || stream instanceof Stdio.Inherited);
  }

  /** As {@link ChildDescriptors} does it; what it opens lies above the numbers of the program's own. */
  private static Place openStream(StepList steps, Stdio stream) throws LinuxException {
    String path;
    int flags;
    switch (stream) {
      case Stdio.Read(Path file) -> {
        path = file.toString();
        flags = Kernel.O_RDONLY;
      }
      case Stdio.Append(Path file) -> {
        path = file.toString();
        flags = Kernel.O_WRONLY | Kernel.O_APPEND | Kernel.O_CREAT;
      }
      default -> {
        path = "/dev/null";
        flags = Kernel.O_RDWR;
      }
    }
    SpawnFaults.refuseZero("path", path);
    Place low = steps.room(4);
    Place high = steps.room(4);
    steps.callStoring(
        low,
        Call.OPENAT,
        path,
        value(Kernel.AT_FDCWD),
        steps.string(path).pointer(),
        value(flags | Kernel.O_NOCTTY | Kernel.O_NONBLOCK | Kernel.O_CLOEXEC),
        value(ChildDescriptors.LOG_MODE));
    steps.callStoring(
        high,
        Call.FCNTL,
        path,
        low.load(),
        value(ChildDescriptors.F_DUPFD_CLOEXEC),
        value(FIRST_AFTER_STDIO));
    steps.call(
        Call.FCNTL,
        path,
        high.load(),
        value(ChildDescriptors.F_SETFL),
        value(flags & Kernel.O_APPEND));
    return high;
  }

  /** What comes first: descriptors of its own, its end when it takes too long, its session, its streams and no others. */
  private static void begin(StepList steps, SpawnRequest request, int[] sources) {
    // The first step: until it is made the descriptors are ours as well, see vfork.c.
    steps.call(
        Call.CLOSE_RANGE,
        "descriptors of its own",
        value(Math.max(FIRST_AFTER_STDIO, 1 + IntStream.of(sources).max().orElse(0))),
        value(EVERY_DESCRIPTOR),
        value(CLOSE_RANGE_UNSHARE));
    endLate(steps, request.deadline());
    steps.call(Call.SETSID, "a session");
    for (int target = 0; target < sources.length; target++) {
      steps.call(
          Call.DUP3, "descriptor " + target, value(sources[target]), value(target), value(0));
    }
    closeOthers(steps, Math.max(FIRST_AFTER_STDIO, sources.length));
  }

  private static void closeOthers(StepList steps, int from) {
    steps.call(
        Call.CLOSE_RANGE, "the other descriptors", value(from), value(EVERY_DESCRIPTOR), value(0));
  }

  /**
   * A timer of its own kills it, which execve(2) takes away: whoever waits for the program needs no clock. It reaches a child
   * that waits for a file system, if a kill does.
   */
  private static void endLate(StepList steps, Duration deadline) {
    // struct sigevent: no value, the signal, SIGEV_SIGNAL
    Place event = steps.room(Layouts.SIGEVENT_SIZE);
    steps.putInt(event.plus(Layouts.SIGEVENT_SIGNO), SIGKILL);
    Place timer = steps.room(4);
    Place when = steps.room((int) Layouts.ITIMERSPEC_SIZE);
    // Zero would be no timer at all.
    long nanos = Math.max(1, deadline.toNanos());
    steps.putLong(when.plus(16), nanos / 1_000_000_000);
    steps.putLong(when.plus(24), nanos % 1_000_000_000);
    steps.call(
        Call.TIMER_CREATE,
        "the deadline",
        value(CLOCK_MONOTONIC),
        event.pointer(),
        timer.pointer());
    steps.call(
        Call.TIMER_SETTIME, "the deadline", timer.load(), value(0), when.pointer(), value(0));
  }

  private Pidfd start(VforkCode with, StepList steps, SpawnRequest request) throws LinuxException {
    VforkCode.Outcome outcome;
    long begin = System.nanoTime();
    try (Arena memory = Arena.ofConfined()) {
      outcome =
          with.run(
              memory,
              steps.encode(),
              PosixSpawner.vector(memory, request.arguments()),
              PosixSpawner.vector(memory, request.environment()));
    }
    if (outcome.pid() < 0) {
      throw SpawnFaults.explain(kernel, -outcome.pid(), request);
    }
    if (outcome.pidfd() < 0) {
      lacksPidfd = true;
    }
    Pidfd process =
        outcome.pidfd() < 0
            ? other.hold(outcome.pid())
            : new KernelPidfd(kernel, outcome.pid(), new Fd(kernel, outcome.pidfd()));
    LinuxException failure = null;
    if (outcome.error() != 0) {
      failure =
          SpawnFaults.explainStep(kernel, steps.purpose(outcome.step()), outcome.error(), request);
    } else if (System.nanoTime() - begin >= request.deadline().toNanos()) {
      // Its timer may have killed it as it became the program: its death is then on its way and
      // cannot be seen yet.
      failure = StepReport.late(request);
    }
    if (failure != null) {
      StepReport.end(process, failure);
      throw failure;
    }
    return process;
  }

  @Override
  public void close() {
    low.close();
    nothing.close();
    other.close();
  }
}
