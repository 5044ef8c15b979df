package com.paiml.duende.linux.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes eBPF instructions, Documentation/bpf/standardization/instruction-set.rst of the kernel.
 * Registers are numbered 0 to 10. Not for several threads.
 */
final class BpfAssembler {
  static final int MAP_LOOKUP_ELEM = 1; // BPF_FUNC_map_lookup_elem
  static final int KTIME_GET_NS = 5; // BPF_FUNC_ktime_get_ns
  private static final int LDX_W = 0x61; // BPF_LDX | BPF_MEM | BPF_W
  private static final int LDX_DW = 0x79; // BPF_LDX | BPF_MEM | BPF_DW
  private static final int ST_W = 0x62; // BPF_ST | BPF_MEM | BPF_W
  private static final int ATOMIC_DW = 0xdb; // BPF_STX | BPF_ATOMIC | BPF_DW
  private static final int LD_IMM64 = 0x18; // BPF_LD | BPF_IMM | BPF_DW
  private static final int MOV_X = 0xbf; // BPF_ALU64 | BPF_MOV | BPF_X
  private static final int MOV_K = 0xb7; // BPF_ALU64 | BPF_MOV | BPF_K
  private static final int ADD_K = 0x07; // BPF_ALU64 | BPF_ADD | BPF_K
  private static final int SUB_X = 0x1f; // BPF_ALU64 | BPF_SUB | BPF_X
  private static final int MUL_K = 0x27; // BPF_ALU64 | BPF_MUL | BPF_K
  private static final int DIV_X = 0x3f; // BPF_ALU64 | BPF_DIV | BPF_X
  private static final int JNE_K = 0x55; // BPF_JMP | BPF_JNE | BPF_K
  private static final int JGE_X = 0x3d; // BPF_JMP | BPF_JGE | BPF_X
  private static final int JGT_X = 0x2d; // BPF_JMP | BPF_JGT | BPF_X
  private static final int CALL = 0x85; // BPF_JMP | BPF_CALL
  private static final int EXIT = 0x95; // BPF_JMP | BPF_EXIT
  private static final int PSEUDO_MAP_FD = 1;
  private static final int CMPXCHG = 0xf1;

  private record Instruction(int code, int target, int source, int offset, int immediate) {}

  private final List<Instruction> program = new ArrayList<>();
  private final Map<String, Integer> labels = new HashMap<>();
  private final Map<Integer, String> jumps = new HashMap<>();

  private BpfAssembler put(int code, int target, int source, int offset, int immediate) {
    program.add(new Instruction(code, target, source, offset, immediate));
    return this;
  }

  private BpfAssembler jump(int code, int left, int right, String label) {
    jumps.put(program.size(), label);
    return put(code, left, right, 0, 0);
  }

  BpfAssembler loadWord(int target, int address, int offset) {
    return put(LDX_W, target, address, offset, 0);
  }

  BpfAssembler loadLong(int target, int address, int offset) {
    return put(LDX_DW, target, address, offset, 0);
  }

  BpfAssembler storeWord(int address, int offset, int value) {
    return put(ST_W, address, 0, offset, value);
  }

  BpfAssembler loadMap(int target, int descriptor) {
    return put(LD_IMM64, target, PSEUDO_MAP_FD, 0, descriptor).put(0, 0, 0, 0, 0);
  }

  BpfAssembler move(int target, int source) {
    return put(MOV_X, target, source, 0, 0);
  }

  BpfAssembler add(int target, int value) {
    return put(ADD_K, target, 0, 0, value);
  }

  BpfAssembler subtract(int target, int source) {
    return put(SUB_X, target, source, 0, 0);
  }

  BpfAssembler multiply(int target, int value) {
    return put(MUL_K, target, 0, 0, value);
  }

  /** Without sign; by zero gives zero. */
  BpfAssembler divide(int target, int source) {
    return put(DIV_X, target, source, 0, 0);
  }

  BpfAssembler atomicAdd(int address, int offset, int source) {
    return put(ATOMIC_DW, address, source, offset, 0);
  }

  /** When the place holds what register 0 has, it gets the source; register 0 gets what it held. */
  BpfAssembler compareAndSwap(int address, int offset, int source) {
    return put(ATOMIC_DW, address, source, offset, CMPXCHG);
  }

  BpfAssembler call(int function) {
    return put(CALL, 0, 0, 0, function);
  }

  BpfAssembler jumpIfNotZero(int register, String label) {
    return jump(JNE_K, register, 0, label);
  }

  /** Without sign. */
  BpfAssembler jumpIfAtLeast(int left, int right, String label) {
    return jump(JGE_X, left, right, label);
  }

  /** Without sign. */
  BpfAssembler jumpIfAbove(int left, int right, String label) {
    return jump(JGT_X, left, right, label);
  }

  BpfAssembler label(String name) {
    labels.put(name, program.size());
    return this;
  }

  BpfAssembler returning(int value) {
    return put(MOV_K, 0, 0, 0, value).put(EXIT, 0, 0, 0, 0);
  }

  /** 8 bytes each: code, registers, offset, immediate. */
  byte[] bytes() {
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
