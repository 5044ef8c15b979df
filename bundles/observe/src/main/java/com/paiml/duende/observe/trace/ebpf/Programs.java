package com.paiml.duende.observe.trace.ebpf;

import com.paiml.duende.linux.bpf.BpfProgram;
import com.paiml.duende.linux.bpf.BpfProgram.Condition;
import com.paiml.duende.linux.bpf.BpfProgram.Helper;
import com.paiml.duende.linux.bpf.BpfProgram.Operation;
import com.paiml.duende.linux.bpf.BpfProgram.Width;
import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;

/**
 * Writes the programs. Registers 6 to 9 survive calls: 6 is the context, 7 process and thread, 8 the kind of the call or, at its
 * end, the thread's place, 9 the number of the call and, later, the place or the record. A raw tracepoint's context is its arguments: for {@code sys_enter} the registers
 * and the number, for {@code sys_exit} the registers and the result ({@code include/trace/events/syscalls.h}).
 */
final class Programs {
  /** A record of the ring. */
  static final int RECORD_END = 0;

  static final int RECORD_THREAD = 8;
  static final int RECORD_CALL = 16;
  static final int RECORD_RESULT = 24;
  static final int RECORD_TOOK = 32;
  static final int RECORD_ARGUMENTS = 40;
  static final int RECORD_PATH = 88;
  static final int RECORD = 152;

  /** With a stack: the bytes of its frames, the frames by frame pointers, and what lies on top of it. */
  static final int RECORD_FRAME_BYTES = 152;

  static final int RECORD_FRAMES = 160;
  static final int FRAMES = 32 * 8;
  static final int RECORD_TOP = RECORD_FRAMES + FRAMES;
  static final int TOP = 256;
  static final int RECORD_WITH_STACK = RECORD_TOP + TOP;

  private static final int FP = 10;
  private static final int KEY_THREAD = -4;
  private static final int KEY = -8;
  private static final int END = -16;
  private static final int TOOK = -24;
  private static final int SLOT = -32;
  private static final int SCRATCH = -32 - 64;
  private static final int NO_WAKEUP = 1; // BPF_RB_NO_WAKEUP: we look by ourselves
  private static final int USER_STACK = 1 << 8; // BPF_F_USER_STACK
  private static final int LARGEST_ERRNO = 4095;

  private final Architecture architecture;
  private final Maps maps;
  private final boolean filtered;

  Programs(Architecture architecture, Maps maps, boolean filtered) {
    this.architecture = architecture;
    this.maps = maps;
    this.filtered = filtered;
  }

  private static void lookup(BpfProgram p, Descriptor map, int key) throws LinuxException {
    p.loadMap(1, map.number()).move(2, FP).add(2, key).call(Helper.MAP_LOOKUP_ELEM);
  }

  /** The only value of a map; the verifier wants to see that it is there. */
  private static void only(BpfProgram p, Descriptor map) throws LinuxException {
    p.storeValue(Width.WORD, FP, KEY, 0);
    lookup(p, map, KEY);
    p.jumpIfValue(Condition.JEQ, 0, 0, "out");
  }

  /** Adds one behind the sums, and ends. */
  private void count(BpfProgram p, int offset) throws LinuxException {
    only(p, maps.sums);
    increment(p, offset);
    p.jump("out");
  }

  private static void increment(BpfProgram p, int offset) {
    p.load(Width.LONG, 1, 0, offset).add(1, 1).store(Width.LONG, 0, offset, 1);
  }

  /** The place of the thread in register 7, in register 0. */
  private void slot(BpfProgram p) throws LinuxException {
    p.move(1, 7).computeValue(Operation.AND, 1, Maps.SLOTS - 1).store(Width.WORD, FP, KEY, 1);
    lookup(p, maps.slots, KEY);
    p.jumpIfValue(Condition.JEQ, 0, 0, "out");
  }

  /** The sums of the call in register 9, in register 0. */
  private void sums(BpfProgram p) throws LinuxException {
    only(p, maps.sums);
    p.move(1, 9).computeValue(Operation.MUL, 1, Maps.SUMS).compute(Operation.ADD, 0, 1);
  }

  /** Goes on only for processes that are watched; strangers are let go as soon as they are known. */
  private BpfProgram member() throws LinuxException {
    BpfProgram p =
        new BpfProgram()
            .move(6, 1)
            .call(Helper.GET_CURRENT_PID_TGID)
            .move(7, 0)
            .move(8, 0)
            .computeValue(Operation.RSH, 8, 32)
            .move(1, 8)
            .computeValue(Operation.AND, 1, Maps.RECENT - 1)
            .store(Width.WORD, FP, KEY, 1);
    lookup(p, maps.recent, KEY);
    p.jumpIfValue(Condition.JEQ, 0, 0, "out")
        .load(Width.WORD, 1, 0, 0)
        .jumpIf(Condition.JEQ, 1, 8, "member")
        .move(9, 0)
        .store(Width.WORD, FP, KEY, 8);
    lookup(p, maps.targets, KEY);
    return p.jumpIfValue(Condition.JEQ, 0, 0, "out").store(Width.WORD, 9, 0, 8).label("member");
  }

  BpfProgram enter(Level level) throws LinuxException {
    BpfProgram p =
        member().load(Width.LONG, 9, 6, 8).jumpIfValue(Condition.JGT, 9, Maps.CALLS - 1, "out");
    boolean events = level.hasEvents();
    if (filtered || events) {
      only(p, maps.kinds);
      p.compute(Operation.ADD, 0, 9).load(Width.BYTE, 8, 0, 0);
    }
    if (filtered) {
      p.move(1, 8)
          .computeValue(Operation.AND, 1, Maps.WANTED)
          .jumpIfValue(Condition.JNE, 1, 0, "wanted");
      count(p, Maps.OTHERS);
      p.label("wanted");
    }
    if (!level.isTimed()) {
      sums(p);
      increment(p, Maps.SUMS_COUNT);
      return p.label("out").returning(0);
    }
    slot(p);
    p.load(Width.LONG, 1, 0, Maps.SLOT_OWNER)
        .jumpIfValue(Condition.JEQ, 1, 0, "free")
        .jumpIf(Condition.JEQ, 1, 7, "free")
        .store(Width.LONG, FP, SLOT, 0);
    // Another thread with the same last bits is in a call: that one is lost.
    only(p, maps.sums);
    increment(p, Maps.LOST_PLACES);
    p.load(Width.LONG, 0, FP, SLOT)
        .label("free")
        .store(Width.LONG, 0, Maps.SLOT_OWNER, 7)
        .store(Width.WORD, 0, Maps.SLOT_CALL, 9)
        .move(9, 0);
    if (events) {
      p.store(Width.WORD, 9, Maps.SLOT_KIND, 8);
      arguments(p);
      path(p);
    }
    return p.call(Helper.KTIME_GET_NS)
        .store(Width.LONG, 9, Maps.SLOT_BEGAN, 0)
        .label("out")
        .returning(0);
  }

  /** struct pt_regs: x86 {@code asm/ptrace.h} from r10 to di, arm64 {@code struct user_pt_regs} from regs[0]. */
  private void arguments(BpfProgram p) {
    boolean x86 = architecture == Architecture.X86_64;
    int[] order = x86 ? new int[] {56, 48, 40, 0, 16, 8} : new int[] {0, 8, 16, 24, 32, 40};
    p.move(1, FP)
        .add(1, SCRATCH)
        .moveValue(2, 64)
        .load(Width.LONG, 3, 6, 0)
        .add(3, x86 ? 56 : 0)
        .call(Helper.PROBE_READ_KERNEL);
    for (int i = 0; i < order.length; i++) {
      p.load(Width.LONG, 1, FP, SCRATCH + order[i])
          .store(Width.LONG, 9, Maps.SLOT_ARGUMENTS + 8 * i, 1);
    }
  }

  /** Copies the path that the call names, now: after exec its memory is another one. */
  private static void path(BpfProgram p) {
    p.load(Width.LONG, 3, 9, Maps.SLOT_ARGUMENTS)
        .move(1, 8)
        .computeValue(Operation.AND, 1, Maps.PATH_FIRST)
        .jumpIfValue(Condition.JNE, 1, 0, "path")
        .load(Width.LONG, 3, 9, Maps.SLOT_ARGUMENTS + 8)
        .computeValue(Operation.AND, 8, Maps.PATH_SECOND)
        .jumpIfValue(Condition.JEQ, 8, 0, "no path")
        .label("path")
        .storeValue(Width.BYTE, 9, Maps.SLOT_PATH, 0)
        .move(1, 9)
        .add(1, Maps.SLOT_PATH)
        .moveValue(2, Maps.PATH)
        .call(Helper.PROBE_READ_USER_STR)
        .label("no path");
  }

  BpfProgram exit(Level level) throws LinuxException {
    BpfProgram p = new BpfProgram().move(6, 1).call(Helper.GET_CURRENT_PID_TGID).move(7, 0);
    slot(p);
    p.move(8, 0)
        .load(Width.LONG, 1, 8, Maps.SLOT_OWNER)
        .jumpIf(Condition.JNE, 1, 7, "out")
        .storeValue(Width.LONG, 8, Maps.SLOT_OWNER, 0)
        .load(Width.WORD, 9, 8, Maps.SLOT_CALL)
        .jumpIfValue(Condition.JGT, 9, Maps.CALLS - 1, "out")
        .call(Helper.KTIME_GET_NS)
        .store(Width.LONG, FP, END, 0)
        .load(Width.LONG, 1, 8, Maps.SLOT_BEGAN)
        .compute(Operation.SUB, 0, 1)
        .store(Width.LONG, FP, TOOK, 0);
    sums(p);
    increment(p, Maps.SUMS_COUNT);
    increment(p, Maps.SUMS_TIMED);
    p.load(Width.LONG, 2, FP, TOOK)
        .load(Width.LONG, 1, 0, Maps.SUMS_NANOS)
        .compute(Operation.ADD, 1, 2)
        .store(Width.LONG, 0, Maps.SUMS_NANOS, 1)
        .load(Width.LONG, 1, 0, Maps.SUMS_MAX)
        .jumpIf(Condition.JGE, 1, 2, "not slowest")
        .store(Width.LONG, 0, Maps.SUMS_MAX, 2)
        .label("not slowest")
        .load(Width.LONG, 1, 6, 8)
        .jumpIfValue(Condition.JSGE, 1, 0, "no error")
        .jumpIfValue(Condition.JSLT, 1, -LARGEST_ERRNO, "no error");
    increment(p, Maps.SUMS_ERRORS);
    p.label("no error");
    if (level.hasEvents() && maps.ringMap != null) {
      p.load(Width.WORD, 1, 8, Maps.SLOT_KIND)
          .computeValue(Operation.AND, 1, Maps.PATH_FIRST | Maps.PATH_SECOND)
          .jumpIfValue(Condition.JNE, 1, 0, "with path");
      record(p, level == Level.STACKS, false, maps.ringMap);
      p.label("with path");
      record(p, level == Level.STACKS, true, maps.ringMap);
      p.label("lost");
      count(p, Maps.LOST_EVENTS);
    }
    return p.label("out").returning(0);
  }

  /** Most calls name no path: their records are shorter. */
  private void record(BpfProgram p, boolean stack, boolean path, Descriptor ring)
      throws LinuxException {
    p.loadMap(1, ring.number())
        .moveValue(2, stack ? RECORD_WITH_STACK : path ? RECORD : RECORD_PATH)
        .moveValue(3, 0)
        .call(Helper.RINGBUF_RESERVE)
        .jumpIfValue(Condition.JEQ, 0, 0, "lost")
        .store(Width.LONG, 0, RECORD_CALL, 9)
        .move(9, 0)
        .store(Width.LONG, 9, RECORD_THREAD, 7)
        .load(Width.LONG, 1, 6, 8)
        .store(Width.LONG, 9, RECORD_RESULT, 1)
        .load(Width.LONG, 1, FP, END)
        .store(Width.LONG, 9, RECORD_END, 1)
        .load(Width.LONG, 1, FP, TOOK)
        .store(Width.LONG, 9, RECORD_TOOK, 1);
    int copied = (path ? RECORD : RECORD_PATH) - RECORD_ARGUMENTS;
    for (int at = 0; at < copied; at += 8) {
      p.load(Width.LONG, 1, 8, Maps.SLOT_ARGUMENTS + at)
          .store(Width.LONG, 9, RECORD_ARGUMENTS + at, 1);
    }
    if (stack) {
      if (!path) {
        p.storeValue(Width.LONG, 9, RECORD_PATH, 0);
      }
      stack(p);
    }
    p.move(1, 9).moveValue(2, NO_WAKEUP).call(Helper.RINGBUF_SUBMIT).jump("out");
  }

  private void stack(BpfProgram p) {
    int sp = architecture == Architecture.X86_64 ? 152 : 248;
    p.move(1, 6)
        .move(2, 9)
        .add(2, RECORD_FRAMES)
        .moveValue(3, FRAMES)
        .moveValue(4, USER_STACK)
        .call(Helper.GET_STACK)
        .store(Width.LONG, 9, RECORD_FRAME_BYTES, 0)
        // The stack pointer, then what it points to.
        .move(1, FP)
        .add(1, SCRATCH)
        .moveValue(2, 8)
        .load(Width.LONG, 3, 6, 0)
        .add(3, sp)
        .call(Helper.PROBE_READ_KERNEL)
        .load(Width.LONG, 3, FP, SCRATCH)
        .move(1, 9)
        .add(1, RECORD_TOP)
        .moveValue(2, TOP)
        .call(Helper.PROBE_READ_USER);
  }

  /** A child of a process that is watched is watched, too: {@code sched_process_fork(parent, child)}. */
  BpfProgram fork(int groupOffset) throws LinuxException {
    BpfProgram p =
        new BpfProgram()
            .move(6, 1)
            .call(Helper.GET_CURRENT_PID_TGID)
            .computeValue(Operation.RSH, 0, 32)
            .store(Width.WORD, FP, KEY, 0);
    lookup(p, maps.targets, KEY);
    return p.jumpIfValue(Condition.JEQ, 0, 0, "out")
        .storeValue(Width.LONG, FP, KEY, 0)
        .move(1, FP)
        .add(1, KEY)
        .moveValue(2, 4)
        .load(Width.LONG, 3, 6, 8)
        .add(3, groupOffset)
        .call(Helper.PROBE_READ_KERNEL)
        .storeValue(Width.WORD, FP, END, 1)
        .loadMap(1, maps.targets.number())
        .move(2, FP)
        .add(2, KEY)
        .move(3, FP)
        .add(3, END)
        .moveValue(4, 0)
        .call(Helper.MAP_UPDATE_ELEM)
        .label("out")
        .returning(0);
  }

  /** What ends is forgotten, so that its number means nobody else. */
  BpfProgram end() throws LinuxException {
    BpfProgram p =
        new BpfProgram()
            .call(Helper.GET_CURRENT_PID_TGID)
            .move(7, 0)
            .move(8, 0)
            .computeValue(Operation.RSH, 8, 32)
            // In the middle of a call, by a signal.
            .move(1, 7)
            .computeValue(Operation.AND, 1, Maps.SLOTS - 1)
            .store(Width.WORD, FP, KEY, 1);
    lookup(p, maps.slots, KEY);
    p.jumpIfValue(Condition.JEQ, 0, 0, "process")
        .load(Width.LONG, 1, 0, Maps.SLOT_OWNER)
        .jumpIf(Condition.JNE, 1, 7, "process")
        .storeValue(Width.LONG, 0, Maps.SLOT_OWNER, 0)
        .label("process")
        .store(Width.WORD, FP, KEY_THREAD, 7)
        .load(Width.WORD, 1, FP, KEY_THREAD)
        .jumpIf(Condition.JNE, 1, 8, "out")
        .loadMap(1, maps.targets.number())
        .move(2, FP)
        .add(2, KEY_THREAD)
        .call(Helper.MAP_DELETE_ELEM)
        .move(1, 8)
        .computeValue(Operation.AND, 1, Maps.RECENT - 1)
        .store(Width.WORD, FP, KEY, 1);
    lookup(p, maps.recent, KEY);
    return p.jumpIfValue(Condition.JEQ, 0, 0, "out")
        .load(Width.WORD, 1, 0, 0)
        .jumpIf(Condition.JNE, 1, 8, "out")
        .storeValue(Width.WORD, 0, 0, 0)
        .label("out")
        .returning(0);
  }
}
