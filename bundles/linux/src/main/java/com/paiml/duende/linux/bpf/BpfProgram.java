package com.paiml.duende.linux.bpf;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes eBPF instructions, Documentation/bpf/standardization/instruction-set.rst of the kernel; numbers are those of {@code
 * linux/bpf.h} and {@code linux/bpf_common.h}. Registers are numbered 0 to 10. Not for several threads.
 */
public final class BpfProgram {
  private static final int LDX_MEM = 0x61; // BPF_LDX | BPF_MEM
  private static final int ST_MEM = 0x62; // BPF_ST | BPF_MEM
  private static final int STX_MEM = 0x63; // BPF_STX | BPF_MEM
  private static final int ATOMIC_DW = 0xdb; // BPF_STX | BPF_ATOMIC | BPF_DW
  private static final int LD_IMM64 = 0x18; // BPF_LD | BPF_IMM | BPF_DW
  private static final int ALU64 = 0x07; // BPF_ALU64
  private static final int JMP = 0x05; // BPF_JMP
  private static final int FROM_REGISTER = 0x08; // BPF_X
  private static final int CALL = 0x85; // BPF_JMP | BPF_CALL
  private static final int EXIT = 0x95; // BPF_JMP | BPF_EXIT
  private static final int PSEUDO_MAP_FD = 1;
  private static final int CMPXCHG = 0xf1; // BPF_CMPXCHG

  /** How much is loaded or stored. */
  public enum Width {
    BYTE(0x10),
    SHORT(0x08),
    WORD(0x00),
    LONG(0x18);

    private final int code;

    Width(int code) {
      this.code = code;
    }

    /** {@code BPF_B}, {@code BPF_H}, {@code BPF_W}, {@code BPF_DW}. */
    public int code() {
      return code;
    }
  }

  /** Arithmetic on 64 bits. Division is without sign, and by zero gives zero. */
  public enum Operation {
    ADD(0x00),
    SUB(0x10),
    MUL(0x20),
    DIV(0x30),
    OR(0x40),
    AND(0x50),
    LSH(0x60),
    RSH(0x70),
    MOV(0xb0);

    private final int code;

    Operation(int code) {
      this.code = code;
    }

    /** {@code BPF_ADD} and so on. */
    public int code() {
      return code;
    }
  }

  /** When a jump is made; an S is for comparisons with sign. */
  public enum Condition {
    JA(0x00),
    JEQ(0x10),
    JGT(0x20),
    JGE(0x30),
    JNE(0x50),
    JSGT(0x60),
    JSGE(0x70),
    JLT(0xa0),
    JLE(0xb0),
    JSLT(0xc0);

    private final int code;

    Condition(int code) {
      this.code = code;
    }

    /** {@code BPF_JEQ} and so on. */
    public int code() {
      return code;
    }
  }

  /** Functions of the kernel that a program may call, bpf-helpers(7). */
  public enum Helper {
    MAP_LOOKUP_ELEM(1),
    MAP_UPDATE_ELEM(2),
    MAP_DELETE_ELEM(3),
    KTIME_GET_NS(5),
    GET_CURRENT_PID_TGID(14),
    GET_STACK(67),
    PROBE_READ_USER(112),
    PROBE_READ_KERNEL(113),
    PROBE_READ_USER_STR(114),
    RINGBUF_RESERVE(131),
    RINGBUF_SUBMIT(132);

    private final int number;

    Helper(int number) {
      this.number = number;
    }

    /** {@code BPF_FUNC_…}. */
    public int number() {
      return number;
    }
  }

  private record Instruction(int code, int target, int source, int offset, int immediate) {}

  private final List<Instruction> program = new ArrayList<>();
  private final Map<String, Integer> labels = new HashMap<>();
  private final Map<Integer, String> jumps = new HashMap<>();

  @CanIgnoreReturnValue
  private BpfProgram put(int code, int target, int source, int offset, int immediate) {
    program.add(new Instruction(code, target, source, offset, immediate));
    return this;
  }

  @CanIgnoreReturnValue
  private BpfProgram jump(int code, int left, int right, int immediate, String label) {
    jumps.put(program.size(), label);
    return put(code, left, right, 0, immediate);
  }

  /** {@code target = *(address + offset)}. */
  @CanIgnoreReturnValue
  public BpfProgram load(Width width, int target, int address, int offset) {
    return put(LDX_MEM | width.code(), target, address, offset, 0);
  }

  /** {@code *(address + offset) = source}. */
  @CanIgnoreReturnValue
  public BpfProgram store(Width width, int address, int offset, int source) {
    return put(STX_MEM | width.code(), address, source, offset, 0);
  }

  /** {@code *(address + offset) = value}. */
  @CanIgnoreReturnValue
  public BpfProgram storeValue(Width width, int address, int offset, int value) {
    return put(ST_MEM | width.code(), address, 0, offset, value);
  }

  /** {@code target = map}. */
  @CanIgnoreReturnValue
  public BpfProgram loadMap(int target, int descriptor) {
    return put(LD_IMM64, target, PSEUDO_MAP_FD, 0, descriptor).put(0, 0, 0, 0, 0);
  }

  /** {@code target = target operation source}. */
  @CanIgnoreReturnValue
  public BpfProgram compute(Operation operation, int target, int source) {
    return put(ALU64 | FROM_REGISTER | operation.code(), target, source, 0, 0);
  }

  /** {@code target = target operation value}; the value is extended with its sign. */
  @CanIgnoreReturnValue
  public BpfProgram computeValue(Operation operation, int target, int value) {
    return put(ALU64 | operation.code(), target, 0, 0, value);
  }

  /** {@code target = source}. */
  @CanIgnoreReturnValue
  public BpfProgram move(int target, int source) {
    return compute(Operation.MOV, target, source);
  }

  /** {@code target = value}. */
  @CanIgnoreReturnValue
  public BpfProgram moveValue(int target, int value) {
    return computeValue(Operation.MOV, target, value);
  }

  /** {@code target += value}. */
  @CanIgnoreReturnValue
  public BpfProgram add(int target, int value) {
    return computeValue(Operation.ADD, target, value);
  }

  /** Adds 64 bits at once. */
  @CanIgnoreReturnValue
  public BpfProgram atomicAdd(int address, int offset, int source) {
    return put(ATOMIC_DW, address, source, offset, 0);
  }

  /** When the place holds what register 0 has, it gets the source; register 0 gets what it held. */
  @CanIgnoreReturnValue
  public BpfProgram compareAndSwap(int address, int offset, int source) {
    return put(ATOMIC_DW, address, source, offset, CMPXCHG);
  }

  /** Registers 1 to 5 are the arguments, and gone afterwards; register 0 is the result. */
  @CanIgnoreReturnValue
  public BpfProgram call(Helper helper) {
    return put(CALL, 0, 0, 0, helper.number());
  }

  /** Goes on there. */
  @CanIgnoreReturnValue
  public BpfProgram jump(String label) {
    return jump(JMP | Condition.JA.code(), 0, 0, 0, label);
  }

  /** Goes on there when {@code left condition right}, both registers. */
  @CanIgnoreReturnValue
  public BpfProgram jumpIf(Condition condition, int left, int right, String label) {
    return jump(JMP | FROM_REGISTER | condition.code(), left, right, 0, label);
  }

  /** Goes on there when {@code left condition value}. */
  @CanIgnoreReturnValue
  public BpfProgram jumpIfValue(Condition condition, int left, int value, String label) {
    return jump(JMP | condition.code(), left, 0, value, label);
  }

  /** The place that jumps name. */
  @CanIgnoreReturnValue
  public BpfProgram label(String name) {
    labels.put(name, program.size());
    return this;
  }

  /** Ends with this result. */
  @CanIgnoreReturnValue
  public BpfProgram returning(int value) {
    return moveValue(0, value).put(EXIT, 0, 0, 0, 0);
  }

  /**
   * 8 bytes each: code, registers, offset, immediate.
   *
   * @throws IllegalStateException when a jump names no label
   */
  public byte[] bytes() {
    ByteBuffer out = ByteBuffer.allocate(8 * program.size()).order(ByteOrder.nativeOrder());
    for (int i = 0; i < program.size(); i++) {
      Instruction one = program.get(i);
      String label = jumps.get(i);
      Integer to = label == null ? null : labels.get(label);
      if (label != null && to == null) {
        throw new IllegalStateException("no label " + label);
      }
      int offset = to == null ? one.offset() : to - i - 1;
      out.put((byte) one.code())
          .put((byte) (one.target() | one.source() << 4))
          .putShort((short) offset)
          .putInt(one.immediate());
    }
    return out.array();
  }
}
