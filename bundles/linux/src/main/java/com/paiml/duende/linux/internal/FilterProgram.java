package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.confine.SyscallFilter;
import com.paiml.duende.linux.confine.SyscallFilter.Action;
import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.SystemCallTable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * The classic BPF program for a filter, {@code linux/filter.h}, {@code linux/seccomp.h}. A balanced
 * tree over ranges of numbers with the same action, for every system call of the program walks it.
 */
final class FilterProgram {
  private static final int LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
  private static final int EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
  private static final int AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
  private static final int JUMP = 0x05; // BPF_JMP | BPF_JA
  private static final int RETURN = 0x06; // BPF_RET | BPF_K
  private static final int DATA_NR = 0;
  private static final int DATA_ARCH = 4;
  private static final int RET_KILL_PROCESS = 0x80000000;
  private static final int RET_ERRNO = 0x00050000;
  private static final int RET_LOG = 0x7ffc0000;
  private static final int RET_ALLOW = 0x7fff0000;
  private static final int MAX_INSTRUCTIONS = 4096;
  private static final int MAX_SHORT_JUMP = 255;
  // __X32_SYSCALL_BIT: from here on the numbers of x32, which would slip past rules made of ours.
  private static final int FOREIGN = 0x40000000;
  private static final Set<String> NEEDED_TO_START = Set.of("execve", "exit", "exit_group");

  private record Instruction(int code, int ifTrue, int ifFalse, int operand) {}

  private FilterProgram() {}

  /** Instructions, 8 bytes each. */
  static byte[] of(SyscallFilter filter, SystemCallTable table) throws LinuxException {
    List<Instruction> program = new ArrayList<>();
    int architecture = table.architecture().auditNumber();
    program.add(new Instruction(LOAD, 0, 0, DATA_ARCH));
    program.add(new Instruction(EQUAL, 1, 0, architecture));
    program.add(new Instruction(RETURN, 0, 0, RET_KILL_PROCESS));
    program.add(new Instruction(LOAD, 0, 0, DATA_NR));
    if (table.architecture() == Architecture.X86_64) {
      program.add(new Instruction(AT_LEAST, 0, 1, FOREIGN));
      program.add(new Instruction(RETURN, 0, 0, RET_ERRNO | Errno.ENOSYS.number()));
    }
    program.addAll(tree(new ArrayList<>(ranges(filter, table).entrySet())));
    if (program.size() > MAX_INSTRUCTIONS) {
      throw new LinuxException(
          Errno.E2BIG, "seccomp", "the filter", "It has too many rules: use fewer actions.");
    }
    return bytes(program);
  }

  /** The first number of each range with its verdict; a range ends where the next begins. */
  private static NavigableMap<Integer, Integer> ranges(SyscallFilter filter, SystemCallTable table)
      throws LinuxException {
    NavigableMap<Integer, Integer> verdicts = new TreeMap<>();
    for (Map.Entry<String, Action> rule : filter.rules().entrySet()) {
      String name = rule.getKey();
      if (!table.isKnown(name)) {
        throw new LinuxException(
            Errno.EINVAL,
            "seccomp",
            "system call " + name,
            "There is none of that name"
                + Nearest.hint(name, table.names())
                + ": see man 2 syscalls.");
      }
      int verdict = verdict(rule.getValue());
      if (NEEDED_TO_START.contains(name) && verdict != RET_ALLOW && verdict != RET_LOG) {
        throw new LinuxException(
            Errno.EINVAL,
            "seccomp",
            "system call " + name,
            "Nothing can be started without it, so it cannot be forbidden: take it off the list.");
      }
      table.number(name).ifPresent(number -> verdicts.put(number, verdict));
    }
    NEEDED_TO_START.forEach(
        name -> table.number(name).ifPresent(number -> verdicts.putIfAbsent(number, RET_ALLOW)));
    int otherwise = verdict(filter.otherwise());
    NavigableMap<Integer, Integer> ranges = new TreeMap<>();
    ranges.put(0, otherwise);
    verdicts.forEach(
        (number, verdict) -> {
          ranges.put(number, verdict);
          ranges.put(number + 1, verdicts.getOrDefault(number + 1, otherwise));
        });
    int before = ~otherwise;
    for (var each = ranges.entrySet().iterator(); each.hasNext(); ) {
      int verdict = each.next().getValue();
      if (verdict == before && ranges.size() > 1) {
        each.remove();
      }
      before = verdict;
    }
    return ranges;
  }

  private static int verdict(Action action) throws LinuxException {
    return switch (action) {
      case SyscallFilter.Allow() -> RET_ALLOW;
      case SyscallFilter.Kill() -> RET_KILL_PROCESS;
      case SyscallFilter.Log() -> RET_LOG;
      case SyscallFilter.Fail(int errno) -> {
        if (errno < 1 || errno > 4095) {
          throw new LinuxException(
              Errno.EINVAL, "seccomp", "errno " + errno, "Use an error number from 1 to 4095.");
        }
        yield RET_ERRNO | errno;
      }
    };
  }

  private static List<Instruction> tree(List<Map.Entry<Integer, Integer>> ranges) {
    if (ranges.size() == 1) {
      return List.of(new Instruction(RETURN, 0, 0, ranges.getFirst().getValue()));
    }
    int middle = ranges.size() / 2;
    List<Instruction> below = tree(ranges.subList(0, middle));
    List<Instruction> above = tree(ranges.subList(middle, ranges.size()));
    int pivot = ranges.get(middle).getKey();
    List<Instruction> all = new ArrayList<>(below.size() + above.size() + 2);
    if (below.size() <= MAX_SHORT_JUMP) {
      all.add(new Instruction(AT_LEAST, below.size(), 0, pivot));
    } else {
      all.add(new Instruction(AT_LEAST, 0, 1, pivot));
      all.add(new Instruction(JUMP, 0, 0, below.size()));
    }
    all.addAll(below);
    all.addAll(above);
    return all;
  }

  private static byte[] bytes(List<Instruction> program) {
    ByteBuffer out = ByteBuffer.allocate(8 * program.size()).order(ByteOrder.nativeOrder());
    for (Instruction one : program) {
      out.putShort((short) one.code())
          .put((byte) one.ifTrue())
          .put((byte) one.ifFalse())
          .putInt(one.operand());
    }
    return out.array();
  }
}
