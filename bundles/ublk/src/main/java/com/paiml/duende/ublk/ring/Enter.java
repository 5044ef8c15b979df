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
  private static final MethodHandle SYSCALL = link();

  /** asm-generic/unistd.h; the same number on every architecture. */
  private static final long IO_URING_ENTER = 426;

  // Each call would hold and let go a shared arena, with two locked instructions.
  private final MemorySegment state = Arena.ofAuto().allocate(STATE);

  private static MethodHandle link() {
    Linker linker = Linker.nativeLinker();
    ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("syscall"),
        FunctionDescriptor.of(word, word, word, word, word, word, word, word),
        Linker.Option.captureCallState("errno"));
  }

  /** @return entries taken, or a negative errno */
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
