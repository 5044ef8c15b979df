package com.paiml.duende.observe.trace.decode;

import com.paiml.duende.linux.kernel.Architecture;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Names for bits: {@code asm-generic/fcntl.h}, {@code asm/fcntl.h} of arm64, {@code linux/futex.h}, {@code asm-generic/mman.h}. */
final class Flags {
  static final int AT_FDCWD = -100;
  private static final int FUTEX_PRIVATE = 128;
  private static final int FUTEX_CLOCK_REALTIME = 256;
  private static final List<String> ACCESS = List.of("O_RDONLY", "O_WRONLY", "O_RDWR", "0x3");
  private static final List<String> FUTEX =
      List.of(
          "FUTEX_WAIT",
          "FUTEX_WAKE",
          "FUTEX_FD",
          "FUTEX_REQUEUE",
          "FUTEX_CMP_REQUEUE",
          "FUTEX_WAKE_OP",
          "FUTEX_LOCK_PI",
          "FUTEX_UNLOCK_PI",
          "FUTEX_TRYLOCK_PI",
          "FUTEX_WAIT_BITSET",
          "FUTEX_WAKE_BITSET",
          "FUTEX_WAIT_REQUEUE_PI",
          "FUTEX_CMP_REQUEUE_PI",
          "FUTEX_LOCK_PI2");
  private static final List<String> CLOCKS =
      List.of(
          "CLOCK_REALTIME",
          "CLOCK_MONOTONIC",
          "CLOCK_PROCESS_CPUTIME_ID",
          "CLOCK_THREAD_CPUTIME_ID",
          "CLOCK_MONOTONIC_RAW",
          "CLOCK_REALTIME_COARSE",
          "CLOCK_MONOTONIC_COARSE",
          "CLOCK_BOOTTIME");
  private static final List<String> SIGNALS =
      List.of(
          "0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV",
          "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU",
          "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");
  private static final Map<Integer, String> PROTECTION =
      ordered(1, "PROT_READ", 2, "PROT_WRITE", 4, "PROT_EXEC");
  private static final Map<Integer, String> MAPPING =
      ordered(
          1,
          "MAP_SHARED",
          2,
          "MAP_PRIVATE",
          0x10,
          "MAP_FIXED",
          0x20,
          "MAP_ANONYMOUS",
          0x800,
          "MAP_DENYWRITE",
          0x2000,
          "MAP_LOCKED",
          0x4000,
          "MAP_NORESERVE",
          0x8000,
          "MAP_POPULATE",
          0x20000,
          "MAP_STACK",
          0x40000,
          "MAP_HUGETLB");

  private final Map<Integer, String> open;

  Flags(Architecture architecture) {
    boolean arm = architecture == Architecture.AARCH64;
    open =
        ordered(
            0100,
            "O_CREAT",
            0200,
            "O_EXCL",
            0400,
            "O_NOCTTY",
            01000,
            "O_TRUNC",
            02000,
            "O_APPEND",
            04000,
            "O_NONBLOCK",
            010000,
            "O_DSYNC",
            arm ? 0200000 : 040000,
            "O_DIRECT",
            arm ? 040000 : 0200000,
            "O_DIRECTORY",
            arm ? 0100000 : 0400000,
            "O_NOFOLLOW",
            01000000,
            "O_NOATIME",
            02000000,
            "O_CLOEXEC",
            010000000,
            "O_PATH");
  }

  private static Map<Integer, String> ordered(Object... pairs) {
    Map<Integer, String> map = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      map.put((Integer) pairs[i], (String) pairs[i + 1]);
    }
    return map;
  }

  private static String bits(String first, int value, Map<Integer, String> names, String none) {
    List<String> words = new ArrayList<>();
    if (!first.isEmpty()) {
      words.add(first);
    }
    int rest = value;
    for (Map.Entry<Integer, String> name : names.entrySet()) {
      if ((rest & name.getKey()) != 0) {
        words.add(name.getValue());
        rest &= ~name.getKey();
      }
    }
    if (rest != 0) {
      words.add("0x" + Integer.toHexString(rest));
    }
    return words.isEmpty() ? none : String.join("|", words);
  }

  String open(int value) {
    return bits(ACCESS.get(value & 3), value & ~3, open, "");
  }

  String protection(int value) {
    return bits("", value, PROTECTION, "PROT_NONE");
  }

  String mapping(int value) {
    return bits("", value, MAPPING, "0");
  }

  String futex(int value) {
    String command = at(FUTEX, value & 127);
    return command
        + ((value & FUTEX_PRIVATE) != 0 ? "_PRIVATE" : "")
        + ((value & FUTEX_CLOCK_REALTIME) != 0 ? "|FUTEX_CLOCK_REALTIME" : "");
  }

  String signal(int value) {
    return value > 0 && value < SIGNALS.size() ? "SIG" + SIGNALS.get(value) : "" + value;
  }

  String clock(int value) {
    return at(CLOCKS, value);
  }

  private static String at(List<String> names, int index) {
    return index >= 0 && index < names.size() ? names.get(index) : Integer.toString(index);
  }
}
