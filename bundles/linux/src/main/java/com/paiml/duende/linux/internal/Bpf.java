package com.paiml.duende.linux.internal;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.linux.bpf.BpfObjects;
import com.paiml.duende.linux.bpf.MapType;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** bpf(2), as much of it as programs on control groups and at tracepoints need. Layouts: {@code linux/bpf.h}. */
final class Bpf {
  static final int ATTACH_INGRESS = 0; // BPF_CGROUP_INET_INGRESS
  static final int ATTACH_EGRESS = 1; // BPF_CGROUP_INET_EGRESS
  private static final int MAP_CREATE = 0;
  private static final int MAP_LOOKUP_ELEM = 1;
  private static final int MAP_UPDATE_ELEM = 2;
  private static final int PROG_LOAD = 5;
  private static final int PROG_ATTACH = 8;
  private static final int PROG_DETACH = 9;
  private static final int PROG_GET_FD_BY_ID = 13;
  private static final int MAP_GET_FD_BY_ID = 14;
  private static final int OBJ_GET_INFO_BY_FD = 15;
  private static final int PROG_QUERY = 16;
  private static final int RAW_TRACEPOINT_OPEN = 17;
  private static final int ENABLE_STATS = 32;
  private static final int PROG_TYPE_CGROUP_SKB = 8;
  private static final int PROG_TYPE_RAW_TRACEPOINT = 17;
  private static final int ALLOW_MULTI = 2; // BPF_F_ALLOW_MULTI
  private static final int ATTR_SIZE = 128;
  private static final int INFO_SIZE = 216;
  private static final int INFO_RUN_TIME = 192; // run_time_ns, then run_cnt
  private static final int INFO_NR_MAP_IDS = 52;
  private static final int INFO_MAP_IDS = 56;
  private static final int INFO_NAME = 64;
  private static final int NAME_LENGTH = 16;
  private static final int MAX_ATTACHED = 64;
  private static final int LOG_SIZE = 16 * 1024;
  // Programs that call some helpers have to be free; ours is MIT, which this says in the kernel's
  // words.
  private static final String LICENCE = "Dual MIT/GPL";

  private final Kernel kernel;

  Bpf(Kernel kernel) {
    this.kernel = kernel;
  }

  /**
   * A program that is attached somewhere.
   *
   * @param id the kernel's number for it
   * @param name as it was loaded
   * @param maps ids of its maps
   */
  record Program(int id, String name, List<Integer> maps) {}

  private long call(int command, MemorySegment attr) {
    return kernel.raw(Call.BPF, command, attr.address(), ATTR_SIZE);
  }

  private Fd descriptor(long result, String what) throws LinuxException {
    return new Fd(kernel, (int) check(result, what));
  }

  @CanIgnoreReturnValue
  private static long check(long result, String what) throws LinuxException {
    if (Kernel.isErrno(result, Errno.EPERM)) {
      throw new LinuxException(
          Errno.EPERM,
          "bpf",
          what,
          "It takes root, or CAP_BPF with CAP_NET_ADMIN for packets and CAP_PERFMON for"
              + " tracepoints: grant them, or do without.");
    }
    return Kernel.check(result, Call.BPF, what);
  }

  Fd map(MapType type, String name, int keySize, int valueSize, int entries) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, type.number());
      attr.set(Layouts.INT, 4, keySize);
      attr.set(Layouts.INT, 8, valueSize);
      attr.set(Layouts.INT, 12, entries);
      putName(attr, 28, name);
      return descriptor(call(MAP_CREATE, attr), "map " + name);
    }
  }

  /** An array of so many values of that size. */
  Fd array(String name, int valueSize, int entries) throws LinuxException {
    return map(MapType.ARRAY, name, 4, valueSize, entries);
  }

  private static void putName(MemorySegment attr, long at, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    MemorySegment.copy(
        bytes, 0, attr, ValueLayout.JAVA_BYTE, at, Math.min(bytes.length, NAME_LENGTH - 1));
  }

  void update(Fd map, int key, byte[] value) throws LinuxException {
    update(map, bytes(key), value);
  }

  byte[] lookup(Fd map, int key, int valueSize) throws LinuxException {
    byte[] value = new byte[valueSize];
    check(element(MAP_LOOKUP_ELEM, map.number(), bytes(key), value), "a map");
    return value;
  }

  void update(Descriptor map, byte[] key, byte[] value) throws LinuxException {
    check(element(MAP_UPDATE_ELEM, map.number(), key, value), "a map");
  }

  Optional<byte[]> find(Descriptor map, byte[] key, int valueSize) throws LinuxException {
    byte[] value = new byte[valueSize];
    long result = element(MAP_LOOKUP_ELEM, map.number(), key, value);
    if (Kernel.isErrno(result, Errno.ENOENT)) {
      return Optional.empty();
    }
    check(result, "a map");
    return Optional.of(value);
  }

  private static byte[] bytes(int key) {
    return ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(key).array();
  }

  private long element(int command, int map, byte[] key, byte[] value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment keyPlace = arena.allocate(key.length, 8);
      keyPlace.copyFrom(MemorySegment.ofArray(key));
      MemorySegment valuePlace = arena.allocate(value.length, 8);
      valuePlace.copyFrom(MemorySegment.ofArray(value));
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, map);
      attr.set(Layouts.LONG, 8, keyPlace.address());
      attr.set(Layouts.LONG, 16, valuePlace.address());
      long result = call(command, attr);
      MemorySegment.copy(valuePlace, ValueLayout.JAVA_BYTE, 0, value, 0, value.length);
      return result;
    }
  }

  /**
   * Loads a program for packets of a control group.
   *
   * @throws LinuxException with what the kernel's verifier said last, when it refuses
   */
  Fd load(String name, byte[] instructions, int attachType) throws LinuxException {
    return load(PROG_TYPE_CGROUP_SKB, name, instructions, attachType);
  }

  /** Loads a program for raw tracepoints. */
  Fd loadRawTracepoint(String name, byte[] instructions) throws LinuxException {
    return load(PROG_TYPE_RAW_TRACEPOINT, name, instructions, 0);
  }

  Fd openRawTracepoint(Descriptor program, String tracepoint) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.LONG, 0, Kernel.cString(arena, tracepoint).address());
      attr.set(Layouts.INT, 8, program.number());
      return descriptor(call(RAW_TRACEPOINT_OPEN, attr), "tracepoint " + tracepoint);
    }
  }

  /** Run times are measured while it is open; type 0, BPF_STATS_RUN_TIME. */
  Fd enableStats() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      return descriptor(call(ENABLE_STATS, arena.allocate(ATTR_SIZE, 8)), "run times");
    }
  }

  BpfObjects.RunTime runTime(Descriptor program) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(INFO_SIZE, 8);
      information(arena, program, info, "a program");
      return new BpfObjects.RunTime(
          info.get(Layouts.LONG, INFO_RUN_TIME), info.get(Layouts.LONG, INFO_RUN_TIME + 8));
    }
  }

  private void information(Arena arena, Descriptor program, MemorySegment info, String what)
      throws LinuxException {
    MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
    attr.set(Layouts.INT, 0, program.number());
    attr.set(Layouts.INT, 4, (int) info.byteSize());
    attr.set(Layouts.LONG, 8, info.address());
    check(call(OBJ_GET_INFO_BY_FD, attr), what);
  }

  private Fd load(int type, String name, byte[] instructions, int attachType)
      throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment code = arena.allocate(instructions.length, 8);
      code.copyFrom(MemorySegment.ofArray(instructions));
      MemorySegment log = arena.allocate(LOG_SIZE);
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, type);
      attr.set(Layouts.INT, 4, instructions.length / 8);
      attr.set(Layouts.LONG, 8, code.address());
      attr.set(Layouts.LONG, 16, Kernel.cString(arena, LICENCE).address());
      putName(attr, 48, name);
      attr.set(Layouts.INT, 68, attachType);
      long loaded = call(PROG_LOAD, attr);
      if (Kernel.isErrno(loaded, Errno.EACCES) || Kernel.isErrno(loaded, Errno.EINVAL)) {
        attr.set(Layouts.INT, 24, 1);
        attr.set(Layouts.INT, 28, LOG_SIZE);
        attr.set(Layouts.LONG, 32, log.address());
        loaded = call(PROG_LOAD, attr);
        if (loaded < 0) {
          String said = log.getString(0).strip();
          throw new LinuxException(
              (int) -loaded,
              "bpf",
              "program " + name,
              "The kernel's verifier refuses it: "
                  + said.substring(said.lastIndexOf('\n') + 1)
                  + ". Use Linux 5.12 or later.");
        }
      }
      return descriptor(loaded, "program " + name);
    }
  }

  /** Attaches a program to a group, beside those that are there. */
  void attach(Fd group, Fd program, int attachType) throws LinuxException {
    check(target(PROG_ATTACH, group, program, attachType, ALLOW_MULTI), "attaching a program");
  }

  void detach(Fd group, Fd program, int attachType) throws LinuxException {
    check(target(PROG_DETACH, group, program, attachType, 0), "detaching a program");
  }

  private long target(int command, Fd group, Fd program, int attachType, int flags)
      throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, group.number());
      attr.set(Layouts.INT, 4, program.number());
      attr.set(Layouts.INT, 8, attachType);
      attr.set(Layouts.INT, 12, flags);
      return call(command, attr);
    }
  }

  /** The programs that are attached to a group itself. */
  List<Program> attached(Fd group, int attachType) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ids = arena.allocate(4L * MAX_ATTACHED, 8);
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, group.number());
      attr.set(Layouts.INT, 4, attachType);
      attr.set(Layouts.LONG, 16, ids.address());
      attr.set(Layouts.INT, 24, MAX_ATTACHED);
      check(call(PROG_QUERY, attr), "the programs of a group");
      List<Program> programs = new ArrayList<>();
      for (int i = 0; i < attr.get(Layouts.INT, 24); i++) {
        programs.add(describe(ids.getAtIndex(Layouts.INT, i)));
      }
      return programs;
    }
  }

  private Program describe(int id) throws LinuxException {
    try (Arena arena = Arena.ofConfined();
        Fd program = program(id)) {
      MemorySegment mapIds = arena.allocate(4L * MAX_ATTACHED, 8);
      MemorySegment info = arena.allocate(INFO_SIZE, 8);
      info.set(Layouts.INT, INFO_NR_MAP_IDS, MAX_ATTACHED);
      info.set(Layouts.LONG, INFO_MAP_IDS, mapIds.address());
      information(arena, program, info, "program " + id);
      List<Integer> maps = new ArrayList<>();
      for (int i = 0; i < Math.min(MAX_ATTACHED, info.get(Layouts.INT, INFO_NR_MAP_IDS)); i++) {
        maps.add(mapIds.getAtIndex(Layouts.INT, i));
      }
      return new Program(id, info.getString(INFO_NAME), maps);
    }
  }

  Fd program(int id) throws LinuxException {
    return byId(PROG_GET_FD_BY_ID, id, "program " + id);
  }

  Fd map(int id) throws LinuxException {
    return byId(MAP_GET_FD_BY_ID, id, "map " + id);
  }

  private Fd byId(int command, int id, String what) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, id);
      return descriptor(call(command, attr), what);
    }
  }
}
