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
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The calls of the hot path, io_uring_enter(2) above all, by {@code java.lang.foreign}: a call by JNA costs 150 ns more, which is as
 * much again as the call itself. It may block, so it is not a critical one, which would hold up every safepoint. Until {@link
 * Syscalls#link()} they are made by JNA: to link the first of them takes a JVM that has just begun a quarter of its start, and
 * whoever uses the disk of a server that died waits for that.
 */
final class Enter {
  /** asm-generic/unistd.h; the same number on every architecture. */
  private static final int IO_URING_ENTER = 426;

  private final Syscalls calls;

  // Each call would hold and let go a shared arena, with two locked instructions.
  private @Nullable MemorySegment state;

  Enter(Syscalls calls) {
    this.calls = calls;
  }

  /** Linked when it is first used. Constants, so that the compiler sees through them. */
  private static final class Linked {
    static final StructLayout STATE = Linker.Option.captureStateLayout();
    static final VarHandle ERRNO = STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    static final MethodHandle SYSCALL = link(Linker.Option.captureCallState("errno"));
    static final MethodHandle UNTOLD = link();

    private Linked() {}

    private static MethodHandle link(Linker.Option... options) {
      Linker linker = Linker.nativeLinker();
      ValueLayout.OfLong word = ValueLayout.JAVA_LONG;
      return linker.downcallHandle(
          linker.defaultLookup().findOrThrow("syscall"),
          FunctionDescriptor.of(word, word, word, word, word, word, word, word),
          options);
    }
  }

  /** Links; returns when it is done. */
  static void link() {
    Objects.requireNonNull(Linked.UNTOLD);
  }

  /**
   * Hands entries over and waits without a limit. To keep errno costs a seventh of what Java puts on top of the call, and it is
   * of use only when the call failed; then nothing was taken (io_uring_enter(2): an error is returned when no entry was), so it
   * is made once more, with errno.
   *
   * @return entries taken, or a negative errno
   */
  int enter(int ring, int submit, int complete, int flags) {
    if (calls.isLinked()) {
      try {
        long result =
            (long)
                Linked.UNTOLD.invokeExact(
                    (long) IO_URING_ENTER,
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
    }
    return call(IO_URING_ENTER, ring, submit, complete, flags, 0, 0);
  }

  /** The same with an argument, which may limit the wait: called once, so that it does not wait twice. */
  int enter(int ring, int submit, int complete, int flags, long argument, long size) {
    return call(IO_URING_ENTER, ring, submit, complete, flags, argument, size);
  }

  /** @return what the call returned, or a negative errno */
  int call(int number, long a, long b, long c, long d, long e, long f) {
    if (!calls.isLinked()) {
      return (int) calls.call(number, a, b, c, d, e, f);
    }
    MemorySegment kept = state;
    if (kept == null) {
      kept = Arena.ofAuto().allocate(Linked.STATE);
      state = kept;
    }
    try {
      long result = (long) Linked.SYSCALL.invokeExact(kept, (long) number, a, b, c, d, e, f);
      return result < 0 ? -(int) Linked.ERRNO.get(kept, 0L) : (int) result;
    } catch (Throwable impossible) {
      throw new LinkageError("system call " + number + " cannot be made", impossible);
    }
  }
}
