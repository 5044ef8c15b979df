package com.paiml.duende.ublk.ring;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The calls of the hot path, io_uring_enter(2) above all, by {@code java.lang.foreign}: a call by JNA costs 150 ns more, which is as
 * much again as the call itself. It may block, so it is not a critical one, which would hold up every safepoint.
 */
final class Enter {
  // Constants, so that the compiler sees through them.
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final MethodHandle SYSCALL = link(Linker.Option.captureCallState("errno"));
  private static final MethodHandle UNTOLD = link();

  /** asm-generic/unistd.h; the same number on every architecture. */
  private static final long IO_URING_ENTER = 426;

  // Each call would hold and let go a shared arena, with two locked instructions.
  private final MemorySegment state = Arena.ofAuto().allocate(STATE);

  private static MethodHandle link(Linker.Option... options) {
    Linker linker = Linker.nativeLinker();
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("syscall"),
        FunctionDescriptor.of(word, word, word, word, word, word, word, word),
        options);
  }

  /**
   * Hands entries over and waits without a limit. To keep errno costs a seventh of what Java puts on top of the call, and it is
   * of use only when the call failed; then nothing was taken (io_uring_enter(2): an error is returned when no entry was), so it
   * is made once more, with errno.
   *
   * @return entries taken, or a negative errno
   */
  int enter(int ring, int submit, int complete, int flags) {
    try {
      long result =
          (long)
              UNTOLD.invokeExact(
                  IO_URING_ENTER,
                  (long) ring,
                  (long) submit,
                  (long) complete,
                  (long) flags,
                  0L,
                  0L);
      if (result >= 0) {
        return (int) result;
      }
    } catch (Throwable impossible) {
      throw new LinkageError("io_uring_enter cannot be called", impossible);
    }
    return call(IO_URING_ENTER, ring, submit, complete, flags, 0, 0);
  }

  /** The same with an argument, which may limit the wait: called once, so that it does not wait twice. */
  int enter(int ring, int submit, int complete, int flags, long argument, long size) {
    return call(IO_URING_ENTER, ring, submit, complete, flags, argument, size);
  }

  /** @return what the call returned, or a negative errno */
  int call(long number, long a, long b, long c, long d, long e, long f) {
    try {
      long result = (long) SYSCALL.invokeExact(state, number, a, b, c, d, e, f);
      return result < 0 ? -(int) ERRNO.get(state, 0L) : (int) result;
    } catch (Throwable impossible) {
      throw new LinkageError("system call " + number + " cannot be made", impossible);
    }
  }
}
