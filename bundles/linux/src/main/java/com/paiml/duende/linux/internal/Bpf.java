package com.paiml.duende.linux.internal;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** bpf(2), as much of it as programs on control groups need. Layouts: {@code linux/bpf.h}. */
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
  private static final int MAP_TYPE_ARRAY = 2;
  private static final int PROG_TYPE_CGROUP_SKB = 8;
  private static final int ALLOW_MULTI = 2; // BPF_F_ALLOW_MULTI
  private static final int ATTR_SIZE = 128;
  private static final int INFO_SIZE = 128;
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
          "It takes CAP_BPF and CAP_NET_ADMIN, or root: grant them, or leave the network"
              + " unlimited.");
    }
    return Kernel.check(result, Call.BPF, what);
  }

  /** An array of so many values of that size. */
  Fd array(String name, int valueSize, int entries) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, MAP_TYPE_ARRAY);
      attr.set(Layouts.INT, 4, 4);
      attr.set(Layouts.INT, 8, valueSize);
      attr.set(Layouts.INT, 12, entries);
      putName(attr, 28, name);
      return descriptor(call(MAP_CREATE, attr), "map " + name);
    }
  }

  private static void putName(MemorySegment attr, long at, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
    MemorySegment.copy(
        bytes, 0, attr, ValueLayout.JAVA_BYTE, at, Math.min(bytes.length, NAME_LENGTH - 1));
  }

  void update(Fd map, int key, byte[] value) throws LinuxException {
    element(MAP_UPDATE_ELEM, map, key, value);
  }

  byte[] lookup(Fd map, int key, int valueSize) throws LinuxException {
    return element(MAP_LOOKUP_ELEM, map, key, new byte[valueSize]);
  }

  @CanIgnoreReturnValue
  private byte[] element(int command, Fd map, int key, byte[] value) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment keyPlace = arena.allocate(4, 8);
      keyPlace.set(Layouts.INT, 0, key);
      MemorySegment valuePlace = arena.allocate(value.length, 8);
      valuePlace.copyFrom(MemorySegment.ofArray(value));
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, map.number());
      attr.set(Layouts.LONG, 8, keyPlace.address());
      attr.set(Layouts.LONG, 16, valuePlace.address());
      check(call(command, attr), "a map");
      return valuePlace.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /**
   * Loads a program for packets of a control group.
   *
   * @throws LinuxException with what the kernel's verifier said last, when it refuses
   */
  Fd load(String name, byte[] instructions, int attachType) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment code = arena.allocate(instructions.length, 8);
      code.copyFrom(MemorySegment.ofArray(instructions));
      MemorySegment log = arena.allocate(LOG_SIZE);
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, PROG_TYPE_CGROUP_SKB);
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
      MemorySegment attr = arena.allocate(ATTR_SIZE, 8);
      attr.set(Layouts.INT, 0, program.number());
      attr.set(Layouts.INT, 4, INFO_SIZE);
      attr.set(Layouts.LONG, 8, info.address());
      check(call(OBJ_GET_INFO_BY_FD, attr), "program " + id);
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
