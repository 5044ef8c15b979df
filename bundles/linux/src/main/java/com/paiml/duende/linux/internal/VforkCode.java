package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.LinuxException;
import com.sun.jna.Function;
import com.sun.jna.Pointer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.ref.Reference;

/** The code of {@code vfork.c}, mapped into this process: it is called, not executed. Safe for several threads. */
final class VforkCode {
  private static final int PROT_READ = 1;
  private static final int PROT_EXEC = 4;
  private static final int MAP_PRIVATE = 2;

  /** Room for the code; the kernel counts in pages, and the file is shorter. */
  private static final int ROOM = 4096;

  /** What the child needs, many times over: its frames are a few hundred bytes. */
  static final int STACK = 16 * 1024;

  // struct start of vfork.c
  static final long START_SIZE = 56;
  private static final long LIST = 0;
  private static final long SIZE = 8;
  private static final long ARGUMENTS = 16;
  private static final long ENVIRONMENT = 24;
  private static final long STACK_TOP = 32;
  private static final long PIDFD = 40;
  private static final long FAILED_STEP = 44;
  private static final long FAILED_ERROR = 48;

  /** Where the second entry of vfork.c is. */
  private static final long TURN_ENTRY = 16;

  // struct turn of vfork.c
  static final long TURN_SIZE = 48;
  private static final long TURN_EPOLL = 0;
  private static final long TURN_EVENTS = 8;
  private static final long TURN_MOST = 16;
  private static final long TURN_TIMEOUT = 24;
  private static final long TURN_SLOTS = 32;
  static final long TURN_COUNT = 40;

  private final MemorySegment code;
  private final Function start;
  private final Function turn;

  private VforkCode(MemorySegment code) {
    this.code = code;
    this.start = Function.getFunction(new Pointer(code.address()));
    this.turn = Function.getFunction(new Pointer(code.address() + TURN_ENTRY));
  }

  /**
   * What came of it.
   *
   * @param pid of the child, or a negated errno when there was none
   * @param pidfd a descriptor of it, -1 when the kernel gave none
   * @param step the step that failed
   * @param error its errno; 0 when the child has become the program, or has ended without saying why not
   */
  record Outcome(int pid, int pidfd, int step, int error) {}

  /**
   * Maps it. It stays mapped as long as this can be reached: a close could overtake a start of another thread.
   *
   * @throws LinuxException when the bundle was built without it, or memory may not be executed here
   */
  // The address is the kernel's, of as many bytes as were asked for.
  @SuppressWarnings("restricted")
  static VforkCode map(Kernel kernel) throws LinuxException {
    try (Fd file = Executor.sealed(kernel, "vfork")) {
      long address =
          file.use(n -> kernel.raw(Call.MMAP, 0, ROOM, PROT_READ | PROT_EXEC, MAP_PRIVATE, n, 0));
      Kernel.check(address, Call.MMAP, "code of vfork");
      return new VforkCode(
          MemorySegment.ofAddress(address)
              .reinterpret(ROOM, Arena.ofAuto(), s -> unmap(kernel, s.address())));
    }
  }

  private static void unmap(Kernel kernel, long address) {
    long result = kernel.raw(Call.MUNMAP, address, ROOM);
    assert result == 0 : "munmap: " + result;
  }

  /**
   * Has a child carry out the steps. Returns when it has executed the program or has ended; until then this thread stands
   * still in the kernel, where the virtual machine does not wait for it.
   */
  Outcome run(Arena memory, byte[] steps, MemorySegment arguments, MemorySegment environment) {
    MemorySegment request = memory.allocate(START_SIZE, 8);
    fill(request, memory, steps, arguments, environment);
    try {
      return outcome(request, start.invokeInt(new Object[] {request.address()}));
    } finally {
      Reference.reachabilityFence(code);
    }
  }

  /** Makes a {@code struct start}, at the beginning of that piece of memory. */
  static void fill(
      MemorySegment request,
      SegmentAllocator memory,
      byte[] steps,
      MemorySegment arguments,
      MemorySegment environment) {
    MemorySegment list = memory.allocate(steps.length, 16);
    MemorySegment.copy(steps, 0, list, java.lang.foreign.ValueLayout.JAVA_BYTE, 0, steps.length);
    MemorySegment stack = memory.allocate(STACK, 16);
    request.set(Layouts.LONG, LIST, list.address());
    request.set(Layouts.LONG, SIZE, steps.length);
    request.set(Layouts.LONG, ARGUMENTS, arguments.address());
    request.set(Layouts.LONG, ENVIRONMENT, environment.address());
    request.set(Layouts.LONG, STACK_TOP, stack.address() + STACK);
  }

  /** What a {@code struct start} says after that result. */
  static Outcome outcome(MemorySegment request, int pid) {
    return new Outcome(
        pid,
        request.get(Layouts.INT, PIDFD),
        request.get(Layouts.INT, FAILED_STEP),
        request.get(Layouts.INT, FAILED_ERROR));
  }

  /**
   * Waits as epoll_pwait(2) does, and starts the successors of the children that have ended.
   *
   * @param request a {@code struct turn}, with its count
   * @return how many events there are, or a negated errno
   */
  int turn(
      MemorySegment request,
      int epoll,
      MemorySegment events,
      int most,
      long timeoutMillis,
      MemorySegment slots) {
    request.set(Layouts.LONG, TURN_EPOLL, epoll);
    request.set(Layouts.LONG, TURN_EVENTS, events.address());
    request.set(Layouts.LONG, TURN_MOST, most);
    request.set(Layouts.LONG, TURN_TIMEOUT, timeoutMillis);
    request.set(Layouts.LONG, TURN_SLOTS, slots.address());
    try {
      return turn.invokeInt(new Object[] {request.address()});
    } finally {
      Reference.reachabilityFence(code);
    }
  }
}
