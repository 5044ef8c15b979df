package com.paiml.duende.ublk.ring;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/**
 * One io_uring: submission entries that are filled once and used again, and completions. All methods are for one thread at a
 * time. After {@link #close()} nothing of it may be touched.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/io_uring.7.html">io_uring(7)</a>
 */
public final class Ring implements AutoCloseable {
  // linux/io_uring.h: struct io_uring_params
  static final long PARAMS_SIZE = 120;
  static final long PARAMS_SQ_ENTRIES = 0;
  static final long PARAMS_CQ_ENTRIES = 4;
  static final long PARAMS_FLAGS = 8;
  static final long SQ_OFF_TAIL = 44;
  static final long SQ_OFF_RING_MASK = 48;
  static final long SQ_OFF_ARRAY = 64;
  static final long CQ_OFF_HEAD = 80;
  static final long CQ_OFF_TAIL = 84;
  static final long CQ_OFF_RING_MASK = 88;
  static final long CQ_OFF_CQES = 100;
  static final int IORING_SETUP_SQE128 = 1 << 10;
  static final long IORING_OFF_SQ_RING = 0;
  static final long IORING_OFF_SQES = 0x10000000L;
  static final int IORING_REGISTER_BUFFERS2 = 15;
  static final int IORING_RSRC_REGISTER_SPARSE = 1;

  // struct io_uring_rsrc_register
  static final long REGISTER_SIZE = 32;
  static final long REGISTER_NUMBER = 0;
  static final long REGISTER_FLAGS = 4;
  static final int IORING_ENTER_GETEVENTS = 1;
  static final int IORING_ENTER_EXT_ARG = 1 << 3;
  static final long GETEVENTS_ARG_SIZE = 24;
  static final long GETEVENTS_ARG_TS = 16;

  // struct io_uring_cqe
  static final long CQE_SIZE = 16;
  static final long CQE_RES = 8;

  private static final int EINTR = 4;
  private static final int ETIME = 62;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  private final Syscalls calls;
  private final Descriptor descriptor;
  private final int number;
  private final Arena arena = Arena.ofShared();
  private final Enter enter;
  private final MemorySegment timeout = arena.allocate(GETEVENTS_ARG_SIZE + 16, 8);
  private final MemorySegment rings;
  private final MemorySegment entries;
  private final long entriesAt;
  private final int entrySize;
  private final int mask;
  private final int completionMask;
  // Addresses.
  private final long arrayAt;
  private final long tailAt;
  private final long headAt;
  private final long completionTailAt;
  private final long completionsAt;
  private int tail;
  private int taken;

  private Ring(
      Syscalls calls,
      Descriptor descriptor,
      MemorySegment params,
      MemorySegment rings,
      MemorySegment entries,
      int entrySize)
      throws LinuxException {
    this.calls = calls;
    this.enter = new Enter(calls);
    this.descriptor = descriptor;
    this.number = descriptor.number();
    this.rings = rings;
    this.entries = entries;
    this.entrySize = entrySize;
    this.entriesAt = entries.address();
    long at = rings.address();
    this.tailAt = at + params.get(INT, SQ_OFF_TAIL);
    this.arrayAt = at + params.get(INT, SQ_OFF_ARRAY);
    this.mask = rings.get(INT, params.get(INT, SQ_OFF_RING_MASK));
    this.headAt = at + params.get(INT, CQ_OFF_HEAD);
    this.completionTailAt = at + params.get(INT, CQ_OFF_TAIL);
    this.completionsAt = at + params.get(INT, CQ_OFF_CQES);
    this.completionMask = rings.get(INT, params.get(INT, CQ_OFF_RING_MASK));
    this.tail = Raw.getInt(tailAt);
    this.taken = tail;
  }

  /**
   * Makes one.
   *
   * @param size number of entries, at least; completions are twice as many
   * @param wide whether an entry has 128 bytes, as the control commands of ublk need; otherwise 64
   * @throws LinuxException {@code ENOSYS} or {@code EPERM} where io_uring is switched off
   */
  public static Ring open(Syscalls calls, int size, boolean wide) throws LinuxException {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment params = scratch.allocate(PARAMS_SIZE, 8);
      params.set(INT, PARAMS_FLAGS, wide ? IORING_SETUP_SQE128 : 0);
      long made = calls.call("io_uring_setup", size, params.address(), 0);
      Descriptor descriptor =
          calls.adopt((int) Syscalls.check(made, "io_uring_setup", size + " entries"));
      try {
        int count = params.get(INT, PARAMS_SQ_ENTRIES);
        int entrySize = wide ? 128 : 64;
        // One mapping has both rings since Linux 5.4 (IORING_FEAT_SINGLE_MMAP).
        long bytes =
            Math.max(
                params.get(INT, SQ_OFF_ARRAY) + 4L * count,
                params.get(INT, CQ_OFF_CQES) + CQE_SIZE * params.get(INT, PARAMS_CQ_ENTRIES));
        MemorySegment rings = mapped(calls, descriptor, bytes, IORING_OFF_SQ_RING);
        try {
          MemorySegment entries =
              mapped(calls, descriptor, (long) count * entrySize, IORING_OFF_SQES);
          return new Ring(calls, descriptor, params, rings, entries, entrySize);
        } catch (LinuxException refused) {
          calls.unmap(rings);
          throw refused;
        }
      } catch (LinuxException refused) {
        descriptor.close();
        throw refused;
      }
    }
  }

  private static MemorySegment mapped(
      Syscalls calls, Descriptor descriptor, long bytes, long offset) throws LinuxException {
    return calls.map(
        bytes,
        Syscalls.PROT_READ | Syscalls.PROT_WRITE,
        Syscalls.MAP_SHARED | Syscalls.MAP_POPULATE,
        descriptor.number(),
        offset);
  }

  /**
   * Makes room for buffers that the kernel puts there itself, as ublk does with those of its requests.
   *
   * @param count their number
   * @see <a href="https://man7.org/linux/man-pages/man2/io_uring_register.2.html">io_uring_register(2)</a>
   */
  public void reserveBuffers(int count) throws LinuxException {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment register = scratch.allocate(REGISTER_SIZE, 8);
      register.set(INT, REGISTER_NUMBER, count);
      register.set(INT, REGISTER_FLAGS, IORING_RSRC_REGISTER_SPARSE);
      long made =
          calls.call(
              "io_uring_register",
              number,
              IORING_REGISTER_BUFFERS2,
              register.address(),
              REGISTER_SIZE,
              0,
              0);
      long _ = Syscalls.check(made, "io_uring_register", count + " buffers");
    }
  }

  /** The memory of all submission entries. */
  public MemorySegment entries() {
    return entries;
  }

  /** Where an entry begins in {@link #entries()}. */
  public long entry(int index) {
    return (long) index * entrySize;
  }

  /** Its address. */
  public long entryAddress(int index) {
    return entriesAt + (long) index * entrySize;
  }

  /** Queues an entry for the next {@link #enter}. */
  public void push(int index) {
    Raw.setInt(arrayAt + 4L * (tail & mask), index);
    tail++;
  }

  /**
   * Hands the queued entries to the kernel and waits.
   *
   * @param complete how many completions to wait for; with 0 it does not wait
   * @return 0, or a negative errno other than EINTR; what was not taken stays queued
   */
  public int enter(int complete) {
    Raw.setRelease(tailAt, tail);
    return settle(
        enter.enter(number, tail - taken, complete, complete == 0 ? 0 : IORING_ENTER_GETEVENTS));
  }

  /**
   * As {@link #enter(int)}, for one completion and no longer than this.
   *
   * @return 0, also when the time is over: then there is no completion; or a negative errno
   */
  public int enter(Duration most) {
    Raw.setRelease(tailAt, tail);
    timeout.set(LONG, GETEVENTS_ARG_TS, timeout.address() + GETEVENTS_ARG_SIZE);
    timeout.set(LONG, GETEVENTS_ARG_SIZE, most.toSeconds());
    timeout.set(LONG, GETEVENTS_ARG_SIZE + 8, most.toNanosPart());
    return settle(
        enter.enter(
            number,
            tail - taken,
            1,
            IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
            timeout.address(),
            GETEVENTS_ARG_SIZE));
  }

  private int settle(int result) {
    if (result >= 0) {
      taken += result;
      return 0;
    }
    // With ETIME and EINTR everything that was queued has been taken: the kernel waits last.
    if (result == -ETIME || result == -EINTR) {
      taken = tail;
      return 0;
    }
    return result;
  }

  /** The first completion that was not consumed. */
  public int head() {
    return Raw.getInt(headAt);
  }

  /** One past the last completion that the kernel has written. */
  public int completed() {
    return Raw.getAcquire(completionTailAt);
  }

  /** The user data of the entry that this completion answers. */
  public long data(int completion) {
    return Raw.getLong(completionsAt + CQE_SIZE * (completion & completionMask));
  }

  /** The result of it: a negative errno, or what the operation says. */
  public int result(int completion) {
    return Raw.getInt(completionsAt + CQE_SIZE * (completion & completionMask) + CQE_RES);
  }

  /** Gives the completions before this one back to the kernel. */
  public void consume(int head) {
    Raw.setRelease(headAt, head);
  }

  /** Gives everything back; what the kernel still works on is cancelled. */
  @Override
  public void close() {
    descriptor.close();
    calls.unmap(rings);
    calls.unmap(entries);
    arena.close();
  }
}
