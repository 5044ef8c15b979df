package com.paiml.duende.host;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Locks the memory of the daemon's own JVM, before any code of the daemon runs: mlockall(2) does not pass through exec, so
 * nobody else can do it. By java.lang.foreign and not by JNA: this JVM has two jars on its class path, and everything that it
 * loads is locked too.
 */
final class OwnMemory {
  // asm-generic/mman.h
  private static final int MCL_CURRENT = 1;
  private static final int MCL_FUTURE = 2;

  /** Pages as they are touched: a JVM reserves ten times what it uses, and its memory limit counts what is resident. */
  private static final int MCL_ONFAULT = 4;

  private static final int EPERM = 1;
  private static final int ENOMEM = 12;
  private static final int EAGAIN = 11;
  private static final Path STATUS = Path.of("/proc/self/status");

  private OwnMemory() {}

  /** Locks what is mapped and what will be. Returns why not, with the remedy; empty when it is locked. */
  static Optional<String> lock() {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      return Optional.of(
          "memory is locked on Linux only, this is " + System.getProperty("os.name", "unknown"));
    }
    Linker linker = Linker.nativeLinker();
    SymbolLookup library = linker.defaultLookup();
    Optional<MemorySegment> symbol = library.find("mlockall");
    if (symbol.isEmpty()) {
      return Optional.of("this C library has no mlockall");
    }
    MemoryLayout state = Linker.Option.captureStateLayout();
    VarHandle errno = state.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    MethodHandle mlockall =
        linker.downcallHandle(
            symbol.get(),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
            Linker.Option.captureCallState("errno"));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment captured = arena.allocate(state);
      int result = (int) mlockall.invokeExact(captured, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
      return result == 0 ? Optional.empty() : Optional.of(words((int) errno.get(captured, 0L)));
    } catch (Throwable impossible) {
      // A method handle declares everything; this one throws nothing.
      return Optional.of("mlockall cannot be called: " + impossible);
    }
  }

  private static String words(int errno) {
    return switch (errno) {
      case EPERM -> "EPERM: grant CAP_IPC_LOCK, or a limit RLIMIT_MEMLOCK above 0";
      case ENOMEM ->
          "ENOMEM: the limit RLIMIT_MEMLOCK is below what this JVM has mapped; grant CAP_IPC_LOCK,"
              + " or raise it (LimitMEMLOCK=infinity; in a container --ulimit memlock=-1:-1)";
      case EAGAIN -> "EAGAIN: some of it could not be locked now; free memory";
      default -> "errno " + errno + " of mlockall";
    };
  }

  /** Of {@code /proc/self/status}: {@code VmLck 123 kB, VmRSS 45 kB}. */
  static String locked() throws IOException {
    try (Stream<String> lines = Files.lines(STATUS)) {
      return String.join(
          ", ",
          lines
              .filter(l -> l.startsWith("VmLck:") || l.startsWith("VmRSS:"))
              .map(l -> l.replaceAll(":\\s+", " "))
              .toList());
    }
  }
}
