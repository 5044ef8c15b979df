package com.paiml.duende.observe.trace.ptrace;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.SystemCallTable;
import com.paiml.duende.linux.kernel.SystemCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * ptrace(2), wait4(2) and process_vm_readv(2), for the one thread that traces: the kernel binds a tracee to the thread that
 * attached it. Numbers are those of {@code linux/ptrace.h}. Results are the kernel's, an error is its number negated.
 */
final class PtraceCalls implements AutoCloseable {
  static final int CONT = 7;
  static final int DETACH = 17;
  static final int SYSCALL = 24;
  private static final int SEIZE = 0x4206;
  static final int INTERRUPT = 0x4207;
  static final int LISTEN = 0x4208;
  private static final int GET_SYSCALL_INFO = 0x420e;

  /** TRACESYSGOOD, TRACEFORK, TRACEVFORK, TRACECLONE, TRACEEXEC. Not EXITKILL: the daemon outlives its tracer. */
  private static final int OPTIONS = 1 | 2 | 4 | 8 | 16;

  private static final int WNOHANG = 1;
  private static final int WALL = 0x40000000;

  /** Only what this thread waits for: the children of this process are somebody else's. */
  private static final int WNOTHREAD = 0x20000000;

  static final int INFO_ENTRY = 1;
  static final int INFO_EXIT = 2;
  private static final int INFO_SIZE = 88;
  private static final int PATH = 256;

  private final SystemCalls calls;
  private final int ptrace;
  private final int wait4;
  private final int read;
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment status = arena.allocate(4, 8);
  private final MemorySegment info = arena.allocate(INFO_SIZE, 8);
  private final MemorySegment text = arena.allocate(PATH, 8);
  private final MemorySegment vectors = arena.allocate(32, 8);

  PtraceCalls(Linux linux) {
    SystemCallTable table = linux.systemCalls();
    calls = linux.rawCalls();
    ptrace = table.number("ptrace").orElseThrow();
    wait4 = table.number("wait4").orElseThrow();
    read = table.number("process_vm_readv").orElseThrow();
  }

  long seize(int thread) {
    return calls.call(ptrace, SEIZE, thread, 0, OPTIONS, 0, 0);
  }

  /** A thread that is gone meanwhile refuses; its end is told by {@link #next}. */
  @CanIgnoreReturnValue
  long request(int request, int thread, int data) {
    return calls.call(ptrace, request, thread, 0, data, 0, 0);
  }

  /** The thread that has stopped or ended; 0 when none has, an error when there is none left. */
  long next() {
    return calls.call(wait4, -1, status.address(), WNOHANG | WALL | WNOTHREAD, 0, 0, 0);
  }

  int status() {
    return status.get(ValueLayout.JAVA_INT, 0);
  }

  /** Asks what the stop is about; whether there is an answer. */
  boolean look(int thread) {
    return calls.call(ptrace, GET_SYSCALL_INFO, thread, INFO_SIZE, info.address(), 0, 0) > 0;
  }

  int kind() {
    return info.get(ValueLayout.JAVA_BYTE, 0);
  }

  long call() {
    return info.get(ValueLayout.JAVA_LONG, 24);
  }

  long argument(int i) {
    return info.get(ValueLayout.JAVA_LONG, 32 + 8L * i);
  }

  long result() {
    return info.get(ValueLayout.JAVA_LONG, 24);
  }

  /** Text in the memory of another process; empty where there is none. */
  String text(int thread, long address) {
    text.fill((byte) 0);
    vectors.set(ValueLayout.JAVA_LONG, 0, text.address());
    // Not over the end of the page: the next one may not be there.
    long length = Math.min(PATH - 1L, 4096 - (address & 4095));
    vectors.set(ValueLayout.JAVA_LONG, 8, length);
    vectors.set(ValueLayout.JAVA_LONG, 16, address);
    vectors.set(ValueLayout.JAVA_LONG, 24, length);
    long got = calls.call(read, thread, vectors.address(), 1, vectors.address() + 16, 1, 0);
    return got <= 0 ? "" : text.getString(0, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    arena.close();
  }
}
