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

/** What the programs of one session share with each other and with us. */
final class Maps implements AutoCloseable {
  /** Processes that are watched, by thread group. */
  static final int MOST_PROCESSES = 8192;

  /** Threads that have made a call. */
  static final int MOST_THREADS = 16384;

  /** A thread's call in progress: when it began, its number plus one or 0, six arguments, a path. */
  static final int STATE = 128;

  static final int STATE_BEGAN = 0;
  static final int STATE_CALL = 8;
  static final int STATE_ARGUMENTS = 16;
  static final int STATE_PATH = 64;
  static final int PATH = 64;

  /** Sums of one call, for each processor. */
  static final int SUMS = 40;

  static final int SUMS_COUNT = 0;
  static final int SUMS_ERRORS = 8;
  static final int SUMS_NANOS = 16;
  static final int SUMS_MAX = 24;
  static final int SUMS_TIMED = 32;

  /** Numbers of calls are below this on both architectures; the last one is ours: all calls, lost events, lost threads. */
  static final int CALLS = 512;

  static final int TOTALS = CALLS - 1;
  static final int TOTALS_CALLS = 0;
  static final int TOTALS_LOST_EVENTS = 8;
  static final int TOTALS_LOST_THREADS = 16;

  /** What is done with a call: whether it is wanted, and which argument is a path. */
  static final int WANTED = 1;

  static final int PATH_FIRST = 2;
  static final int PATH_SECOND = 4;

  private final BpfObjects bpf;
  private final List<AutoCloseable> open = new ArrayList<>();
  final Descriptor targets;
  final Descriptor threads;
  final Descriptor sums;
  final Descriptor kinds;
  final @Nullable Descriptor ringMap;
  final @Nullable BpfRing ring;
  private final int processors;

  Maps(BpfObjects bpf, int ringBytes) throws LinuxException {
    this.bpf = bpf;
    try {
      processors = bpf.processors();
      targets = keep(bpf.map(MapType.HASH, "duende_targets", 4, 4, MOST_PROCESSES));
      threads = keep(bpf.map(MapType.HASH, "duende_threads", 4, STATE, MOST_THREADS));
      sums = keep(bpf.map(MapType.PERCPU_ARRAY, "duende_sums", 4, SUMS, CALLS));
      kinds = keep(bpf.map(MapType.ARRAY, "duende_kinds", 4, 8, CALLS));
      if (ringBytes > 0) {
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

  void kind(int call, int kind) throws LinuxException {
    bpf.put(
        kinds,
        key(call),
        ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putInt(kind).array());
  }

  /** The sums of a call over all processors: count, errors, nanoseconds, slowest, how many were timed. */
  long[] sums(int call) throws LinuxException {
    long[] total = new long[5];
    byte[] all = bpf.get(sums, key(call), SUMS * processors).orElse(new byte[0]);
    ByteBuffer values = ByteBuffer.wrap(all).order(ByteOrder.nativeOrder());
    while (values.remaining() >= SUMS) {
      for (int i = 0; i < total.length; i++) {
        long value = values.getLong();
        total[i] = i == 3 ? Math.max(total[i], value) : total[i] + value;
      }
    }
    return total;
  }

  /** All calls of the daemon, lost events, lost threads. */
  long[] totals() throws LinuxException {
    long[] total = new long[3];
    byte[] all = bpf.get(sums, key(TOTALS), SUMS * processors).orElse(new byte[0]);
    ByteBuffer values = ByteBuffer.wrap(all).order(ByteOrder.nativeOrder());
    for (int at = 0; at + SUMS <= all.length; at += SUMS) {
      for (int i = 0; i < total.length; i++) {
        total[i] += values.getLong(at + 8 * i);
      }
    }
    return total;
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
