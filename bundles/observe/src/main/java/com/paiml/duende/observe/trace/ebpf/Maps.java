package com.paiml.duende.observe.trace.ebpf;

import com.paiml.duende.linux.bpf.BpfObjects;
import com.paiml.duende.linux.bpf.BpfRing;
import com.paiml.duende.linux.bpf.MapType;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the programs of one session share with each other and with us. Whatever is looked at in every call is an array: the
 * kernel compiles such a look into a few instructions, while one into a hash table is a call.
 */
final class Maps implements AutoCloseable {
  /** Processes that are watched, by thread group. */
  static final int MOST_PROCESSES = 8192;

  /** Processes that were found to be watched, by the last bits of their number; what is not here may still be watched. */
  static final int RECENT = 1024;

  /** Places for calls in progress, by the last bits of the thread's number. A power of two. */
  static final int SLOTS = 16384;

  /** A call in progress: thread group and thread, or 0; when it began; its number; its kind; six arguments, a path. */
  static final int SLOT_OWNER = 0;

  static final int SLOT_BEGAN = 8;
  static final int SLOT_CALL = 16;
  static final int SLOT_KIND = 20;
  static final int SLOT_TIMED = 24;
  static final int SLOT_ARGUMENTS = 24;
  static final int SLOT_PATH = 72;
  static final int PATH = 64;
  static final int SLOT_WITH_ARGUMENTS = SLOT_PATH + PATH;

  /** Sums of one call, for each processor. */
  static final int SUMS = 40;

  static final int SUMS_COUNT = 0;
  static final int SUMS_ERRORS = 8;
  static final int SUMS_NANOS = 16;
  static final int SUMS_MAX = 24;
  static final int SUMS_TIMED = 32;

  /** Numbers of calls are below this on both architectures. */
  static final int CALLS = 512;

  /** Behind the sums of all calls: calls that were not wanted, lost events, calls that took another one's place. */
  static final int OTHERS = CALLS * SUMS;

  static final int LOST_EVENTS = OTHERS + 8;
  static final int LOST_PLACES = OTHERS + 16;
  private static final int ALL = OTHERS + 24;

  /** What is done with a call, a byte each: whether it is wanted, and which argument is a path. */
  static final int WANTED = 1;

  static final int PATH_FIRST = 2;
  static final int PATH_SECOND = 4;

  private final BpfObjects bpf;
  private final List<AutoCloseable> open = new ArrayList<>();
  final Descriptor targets;
  final Descriptor recent;
  final Descriptor slots;
  final Descriptor sums;
  final Descriptor kinds;
  final @Nullable Descriptor ringMap;
  final @Nullable BpfRing ring;
  private final int processors;

  /**
   * @param top the level that is wanted: none below needs more
   * @param ringBytes of the ring for single calls
   */
  Maps(BpfObjects bpf, Level top, int ringBytes) throws LinuxException {
    this.bpf = bpf;
    try {
      processors = bpf.processors();
      targets = keep(bpf.map(MapType.HASH, "duende_targets", 4, 4, MOST_PROCESSES));
      recent = keep(bpf.map(MapType.ARRAY, "duende_recent", 4, 4, RECENT));
      int slot = top.hasEvents() ? SLOT_WITH_ARGUMENTS : SLOT_TIMED;
      slots = keep(bpf.map(MapType.ARRAY, "duende_slots", 4, slot, top.isTimed() ? SLOTS : 1));
      sums = keep(bpf.map(MapType.PERCPU_ARRAY, "duende_sums", 4, ALL, 1));
      kinds = keep(bpf.map(MapType.ARRAY, "duende_kinds", 4, CALLS, 1));
      if (top.hasEvents()) {
        Descriptor map = keep(bpf.map(MapType.RINGBUF, "duende_ring", 0, 0, ringBytes));
        BpfRing mapped = bpf.ring(map, ringBytes);
        open.add(mapped);
        ringMap = map;
        ring = mapped;
      } else {
        ringMap = null;
        ring = null;
      }
    } catch (LinuxException refused) {
      close();
      throw refused;
    }
  }

  private Descriptor keep(Descriptor map) {
    open.add(map);
    return map;
  }

  private static byte[] key(int key) {
    return ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(key).array();
  }

  void watch(int process) throws LinuxException {
    bpf.put(targets, key(process), key(1));
  }

  /** @param kinds of all calls, by their numbers */
  void kinds(byte[] kinds) throws LinuxException {
    bpf.put(this.kinds, key(0), kinds);
  }

  /** All accounts over all processors, as they are now. */
  Accounts accounts() throws LinuxException {
    byte[] all = bpf.get(sums, key(0), ALL * processors).orElse(new byte[0]);
    return new Accounts(ByteBuffer.wrap(all).order(ByteOrder.nativeOrder()));
  }

  /** What was counted; a copy. */
  static final class Accounts {
    private final ByteBuffer values;

    private Accounts(ByteBuffer values) {
      this.values = values;
    }

    private long sum(int offset) {
      long sum = 0;
      for (int at = offset; at + 8 <= values.limit(); at += ALL) {
        sum += values.getLong(at);
      }
      return sum;
    }

    /** All calls of the daemon. */
    long calls() {
      long calls = sum(OTHERS);
      for (int call = 0; call < CALLS; call++) {
        calls += sum(call * SUMS + SUMS_COUNT);
      }
      return calls;
    }

    /** Single calls that found no room in the ring, and calls in progress whose place somebody else took. */
    long lost() {
      return sum(LOST_EVENTS) + sum(LOST_PLACES);
    }

    /** Of one call: count, errors, nanoseconds, slowest, how many were timed. */
    long[] of(int call) {
      int at = call * SUMS;
      long slowest = 0;
      for (int i = at + SUMS_MAX; i + 8 <= values.limit(); i += ALL) {
        slowest = Math.max(slowest, values.getLong(i));
      }
      return new long[] {
        sum(at + SUMS_COUNT),
        sum(at + SUMS_ERRORS),
        sum(at + SUMS_NANOS),
        slowest,
        sum(at + SUMS_TIMED)
      };
    }
  }

  @Override
  public void close() {
    for (AutoCloseable one : open.reversed()) {
      switch (one) {
        case BpfRing mapped -> mapped.close();
        case Descriptor map -> map.close();
        default -> throw new IllegalStateException("not ours: " + one);
      }
    }
    open.clear();
  }
}
