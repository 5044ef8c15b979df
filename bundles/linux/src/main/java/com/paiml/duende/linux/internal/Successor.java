package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.PreparedStart;
import com.paiml.duende.linux.process.SpawnRequest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A {@code struct successor} of vfork.c with all that it points to, in one piece of memory of its own, which is there until this
 * is closed: the machine code may be at it while no Java knows.
 */
final class Successor implements PreparedStart {
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final int PAGE = 4096;
  private static final int STEP_ALIGNMENT = 16;

  // struct successor of vfork.c
  private static final long SUCCESSOR_SIZE = 128;
  private static final long CODES = 56;
  private static final long SIGNALS = 88;
  private static final long POPULATION = 96;
  private static final long TOOK = 104;
  private static final long PROCESS = 112;
  private static final long CODE = 116;
  private static final long STATUS = 120;
  private static final long PID = 124;

  private final Kernel kernel;
  private final MemorySegment memory;
  private final SegmentAllocator rest;
  private final long deadlineNanos;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicBoolean used = new AtomicBoolean();

  private Successor(Kernel kernel, MemorySegment memory, long deadlineNanos) {
    this.kernel = kernel;
    this.memory = memory;
    this.rest = SegmentAllocator.slicingAllocator(memory);
    this.deadlineNanos = deadlineNanos;
  }

  /** How much memory it takes. */
  static long size(byte[] steps, SpawnRequest request) {
    // A page for the path of the population, one for what is aligned.
    long size = SUCCESSOR_SIZE + VforkCode.STACK + steps.length + 2L * PAGE;
    size += room(request.arguments()) + room(request.environment());
    return (size + PAGE - 1) / PAGE * PAGE;
  }

  /** @throws LinuxException {@code ENOMEM} */
  static Successor of(Kernel kernel, byte[] steps, SpawnRequest request) throws LinuxException {
    long size = size(steps, request);
    long address =
        kernel.raw(Call.MMAP, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    Kernel.check(address, Call.MMAP, "a prepared start");
    Successor made = new Successor(kernel, at(address, size), request.deadline().toNanos());
    MemorySegment struct = made.rest.allocate(SUCCESSOR_SIZE, 8);
    VforkCode.fill(
        struct,
        made.rest,
        steps,
        PosixSpawner.vector(made.rest, request.arguments()),
        PosixSpawner.vector(made.rest, request.environment()));
    return made;
  }

  // The address is the kernel's, of as many bytes as were asked for.
  @SuppressWarnings("restricted")
  private static MemorySegment at(long address, long size) {
    return MemorySegment.ofAddress(address).reinterpret(size);
  }

  /** With the vector, and what each string is aligned to. */
  private static long room(List<String> strings) {
    long sum = 8L * (strings.size() + 1) + STEP_ALIGNMENT;
    for (String one : strings) {
      sum += one.getBytes(StandardCharsets.UTF_8).length + 1L;
    }
    return sum;
  }

  @Override
  public long bytes() {
    return memory.byteSize();
  }

  /**
   * Says when it is to be started.
   *
   * @return its address, for a slot
   * @throws IllegalStateException when it was used before: a list of steps runs once
   */
  long arm(int pidfd, BitSet codes, BitSet signals, Path population) {
    if (closed.get() || !used.compareAndSet(false, true)) {
      throw new IllegalStateException("a prepared start is good for one time");
    }
    long[] words = codes.toLongArray();
    for (int i = 0; i < 4; i++) {
      memory.set(Layouts.LONG, CODES + 8L * i, i < words.length ? words[i] : 0);
    }
    long killed = 0;
    for (int s = signals.nextSetBit(1); s >= 0 && s <= 64; s = signals.nextSetBit(s + 1)) {
      killed |= 1L << (s - 1);
    }
    memory.set(Layouts.LONG, SIGNALS, killed);
    memory.set(Layouts.LONG, POPULATION, Kernel.cString(rest, population.toString()).address());
    memory.set(Layouts.INT, PROCESS, pidfd);
    memory.set(Layouts.INT, CODE, 0);
    memory.set(Layouts.INT, PID, 0);
    return memory.address();
  }

  /**
   * How the child before it ended, as far as the machine code has reaped it, and what came of this.
   *
   * @param code si_code; 0 when it was not reaped
   * @param status si_status
   * @param started whether a start was tried
   * @param late whether that took as long as it may, so that its timer may have killed it
   */
  record Result(int code, int status, boolean started, boolean late, VforkCode.Outcome outcome) {}

  /** To be asked once the slot is taken and the machine code is back. */
  Result result() {
    int pid = memory.get(Layouts.INT, PID);
    return new Result(
        memory.get(Layouts.INT, CODE),
        memory.get(Layouts.INT, STATUS),
        pid != 0,
        memory.get(Layouts.LONG, TOOK) >= deadlineNanos,
        VforkCode.outcome(memory, pid));
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      long result = kernel.raw(Call.MUNMAP, memory.address(), memory.byteSize());
      assert result == 0 : "munmap: " + result;
    }
  }
}
