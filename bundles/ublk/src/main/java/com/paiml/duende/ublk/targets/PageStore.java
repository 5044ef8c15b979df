package com.paiml.duende.ublk.targets;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.BlockTarget;
import com.paiml.duende.ublk.ring.Syscalls;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Compressed memory, as the kernel's zram has it. A page is nothing, one word over and over, compressed, or raw where that does
 * not pay. What is kept lies in chains of units of 128 bytes, so that no unit is ever too small or in the wrong place: the store
 * is full when its units are used up, and not before.
 *
 * <p>All of it is in shared memory: a table with two words for each page, and the units. A chain is written before the table
 * names it, so that a killed server leaves a store that the next one can read; which units are free it finds out by following
 * the chains. Compression happens outside of the lock, which is held for a copy of at most a page.
 */
public final class PageStore implements BlockTarget {
  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt LINK = ValueLayout.JAVA_INT;
  private static final int UNIT = 128;
  private static final int LINK_BYTES = 4;
  private static final int PAYLOAD = UNIT - LINK_BYTES;
  private static final int NONE = -1;

  /** What is compressed has to save two units at least. */
  private static final int WORTH_IT = Pages.SIZE - 2 * PAYLOAD;

  /** Bytes that the table has for each page, whatever is in it. */
  public static final int TABLE_ENTRY_BYTES = 16;

  private static final long ENTRY = TABLE_ENTRY_BYTES;
  private static final long STEP = 1 << 20;
  private static final int NOTHING = 0;
  private static final int SAME = 1;
  private static final int PACKED = 2;
  private static final int RAW = 3;

  /** The buffers of one thread. */
  private final class Scratch {
    final ByteBuffer pageBuffer = ByteBuffer.allocateDirect(Pages.SIZE);
    final ByteBuffer packedBuffer = ByteBuffer.allocateDirect(2 * Pages.SIZE);
    final MemorySegment page = MemorySegment.ofBuffer(pageBuffer);
    final MemorySegment packed = MemorySegment.ofBuffer(packedBuffer);
    final byte[] seen = new byte[256];
    final Compressor compressor = algorithm.compressor();

    Scratch() {
      boolean _ = compressors.add(compressor);
    }
  }

  private final Algorithm algorithm;
  private final SharedMemory shared;
  private final MemorySegment memory;
  private final long pages;
  private final long unitsAt;
  private final long limit;
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);
  private final Queue<Compressor> compressors = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean lock = new AtomicBoolean();

  // Under the lock.
  private int free = NONE;
  private int end;
  private long reserved;
  private long packedBytes;
  private long usedBytes;
  private long usedMost;
  private long stored;
  private long same;
  private long raw;

  private PageStore(Algorithm algorithm, SharedMemory shared, long pages, long limit) {
    this.algorithm = algorithm;
    this.shared = shared;
    this.memory = shared.memory();
    this.pages = pages;
    this.unitsAt = unitsAt(pages);
    this.limit = limit;
  }

  private static long unitsAt(long pages) {
    return (pages * ENTRY + STEP - 1) / STEP * STEP;
  }

  /**
   * Opens it.
   *
   * @param size bytes, a multiple of 4096
   * @param limit bytes of memory that units may take; 0 for no limit
   */
  public static Backing open(Syscalls calls, Path path, Algorithm algorithm, long size, long limit)
      throws LinuxException {
    PageStore store = create(calls, path, algorithm, size, limit);
    return new Called(store, Pages.SIZE, false, true, store::closeForGood);
  }

  /** As {@link #open}, to be called directly. */
  public static PageStore create(
      Syscalls calls, Path path, Algorithm algorithm, long size, long limit) throws LinuxException {
    long pages = size / Pages.SIZE;
    // Its library is loaded now, and not while the kernel waits for the first answer.
    algorithm.compressor().close();
    // Room for as much as if nothing could be compressed, and for one page that is written before
    // the old one is let go.
    long units = (pages + 1) * units(Pages.SIZE) * UNIT;
    SharedMemory shared =
        SharedMemory.open(calls, path, unitsAt(pages) + (units + STEP - 1) / STEP * STEP);
    int taken = shared.reserve(0, unitsAt(pages));
    if (taken < 0) {
      shared.close();
      long _ = Syscalls.check(taken, "fallocate", path.toString());
    }
    PageStore store = new PageStore(algorithm, shared, pages, limit);
    if (shared.found()) {
      store.recount();
    }
    return store;
  }

  /** What {@code /sys/block/zramN/mm_stat} has, in bytes and pages. */
  public record Statistics(
      long originalBytes,
      long compressedBytes,
      long memoryUsed,
      long memoryLimit,
      long memoryUsedMost,
      long samePages,
      long compactedPages,
      long hugePages) {
    /** In the order and form of mm_stat. */
    @Override
    public String toString() {
      return String.format(
          "%8d %8d %8d %8d %8d %8d %8d %8d",
          originalBytes,
          compressedBytes,
          memoryUsed,
          memoryLimit,
          memoryUsedMost,
          samePages,
          compactedPages,
          hugePages);
    }
  }

  /** The figures now. Nothing is ever compacted: there is nothing to compact. */
  public Statistics statistics() {
    acquire();
    try {
      return new Statistics(
          stored * Pages.SIZE, packedBytes, usedBytes, limit, usedMost, same, 0, raw);
    } finally {
      lock.setRelease(false);
    }
  }

  /** After a server that was killed: which units are taken is what the table says. */
  private void recount() {
    BitSet taken = new BitSet();
    for (long page = 0; page < pages; page++) {
      long entry = memory.get(WORD, page * ENTRY);
      count(entry, 1);
      if (kind(entry) >= PACKED) {
        int unit = first(entry);
        for (int left = units(length(entry)); left > 0; left--, unit = next(unit)) {
          taken.set(unit);
        }
      }
    }
    end = taken.length();
    for (int unit = taken.previousClearBit(end - 1); unit >= 0; ) {
      release(unit);
      unit = unit == 0 ? NONE : taken.previousClearBit(unit - 1);
    }
    reserved = ((long) end * UNIT + STEP - 1) / STEP * STEP;
    usedMost = usedBytes;
  }

  @Override
  public long size() {
    return pages * Pages.SIZE;
  }

  @Override
  public int write(long offset, MemorySegment from) {
    Scratch mine = scratch.get();
    long page = offset / Pages.SIZE;
    for (long at = 0; at < from.byteSize(); at += Pages.SIZE, page++) {
      MemorySegment.copy(from, at, mine.page, 0, Pages.SIZE);
      int result = store(page, mine);
      if (result != 0) {
        return result;
      }
    }
    return 0;
  }

  private int store(long page, Scratch mine) {
    if (Pages.isSame(mine.page)) {
      acquire();
      try {
        memory.set(WORD, page * ENTRY + 8, mine.page.get(WORD, 0));
        replace(page, SAME);
        return 0;
      } finally {
        lock.setRelease(false);
      }
    }
    int length =
        Pages.looksRandom(mine.page, mine.seen)
            ? 0
            : mine.compressor.compress(mine.pageBuffer, mine.packedBuffer);
    boolean pays = length > 0 && length <= WORTH_IT;
    int bytes = pays ? length : Pages.SIZE;
    acquire();
    try {
      int first = keep(pays ? mine.packed : mine.page, bytes);
      if (first < 0) {
        return first;
      }
      replace(page, (long) first << 16 | (long) bytes << 2 | (pays ? PACKED : RAW));
      return 0;
    } finally {
      lock.setRelease(false);
    }
  }

  @Override
  public int read(long offset, MemorySegment into) {
    Scratch mine = scratch.get();
    long page = offset / Pages.SIZE;
    for (long at = 0; at < into.byteSize(); at += Pages.SIZE, page++) {
      if (!load(page, mine)) {
        return -Errno.EIO.number();
      }
      MemorySegment.copy(mine.page, 0, into, at, Pages.SIZE);
    }
    return 0;
  }

  private boolean load(long page, Scratch mine) {
    int length;
    acquire();
    try {
      long entry = memory.get(WORD, page * ENTRY);
      length = length(entry);
      switch (kind(entry)) {
        case NOTHING -> Pages.fill(mine.page, 0);
        case SAME -> Pages.fill(mine.page, memory.get(WORD, page * ENTRY + 8));
        case RAW -> gather(first(entry), mine.page, Pages.SIZE);
        default -> gather(first(entry), mine.packed, length);
      }
      if (kind(entry) != PACKED) {
        return true;
      }
    } finally {
      lock.setRelease(false);
    }
    return mine.compressor.decompress(mine.packedBuffer, length, mine.pageBuffer);
  }

  @Override
  public int flush() {
    return 0;
  }

  @Override
  public int discard(long offset, long length) {
    acquire();
    try {
      for (long page = offset / Pages.SIZE; page < (offset + length) / Pages.SIZE; page++) {
        replace(page, NOTHING);
      }
      return 0;
    } finally {
      lock.setRelease(false);
    }
  }

  @Override
  public void close() {
    compressors.forEach(Compressor::close);
    shared.close();
  }

  private void closeForGood() {
    shared.delete();
    close();
  }

  // ---- under the lock ----

  private void replace(long page, long entry) {
    long old = memory.get(WORD, page * ENTRY);
    memory.set(WORD, page * ENTRY, entry);
    count(old, -1);
    count(entry, 1);
    if (kind(old) >= PACKED) {
      int unit = first(old);
      for (int left = units(length(old)); left > 0; left--) {
        int following = next(unit);
        release(unit);
        unit = following;
      }
    }
    usedMost = Math.max(usedMost, usedBytes);
  }

  /** Writes a chain. Returns its first unit, or a negative errno: then nothing is kept. */
  private int keep(MemorySegment bytes, int length) {
    if (limit > 0 && usedBytes + (long) units(length) * UNIT > limit) {
      return -Errno.ENOSPC.number();
    }
    int chain = NONE;
    // From its end, so that each unit is written once, with its link.
    for (int from = (units(length) - 1) * PAYLOAD; from >= 0; from -= PAYLOAD) {
      int unit = take();
      if (unit < 0) {
        while (chain != NONE) {
          int following = next(chain);
          release(chain);
          chain = following;
        }
        return unit;
      }
      memory.set(LINK, place(unit), chain);
      MemorySegment.copy(
          bytes, from, memory, place(unit) + LINK_BYTES, Math.min(PAYLOAD, length - from));
      chain = unit;
    }
    return chain;
  }

  private void gather(int first, MemorySegment into, int length) {
    int unit = first;
    for (int from = 0; from < length; from += PAYLOAD) {
      MemorySegment.copy(
          memory, place(unit) + LINK_BYTES, into, from, Math.min(PAYLOAD, length - from));
      unit = next(unit);
    }
  }

  private int take() {
    if (free != NONE) {
      int unit = free;
      free = next(unit);
      return unit;
    }
    long bytes = (end + 1L) * UNIT;
    if (unitsAt + bytes > memory.byteSize()) {
      return -Errno.ENOSPC.number();
    }
    if (bytes > reserved) {
      int taken = shared.reserve(unitsAt + reserved, STEP);
      if (taken < 0) {
        return taken;
      }
      reserved += STEP;
    }
    return end++;
  }

  private void release(int unit) {
    memory.set(LINK, place(unit), free);
    free = unit;
  }

  private int next(int unit) {
    return memory.get(LINK, place(unit));
  }

  private long place(int unit) {
    return unitsAt + (long) unit * UNIT;
  }

  private void count(long entry, int sign) {
    int kind = kind(entry);
    stored += kind == NOTHING ? 0 : sign;
    same += kind == SAME ? sign : 0;
    raw += kind == RAW ? sign : 0;
    if (kind >= PACKED) {
      packedBytes += (long) sign * length(entry);
      usedBytes += (long) sign * units(length(entry)) * UNIT;
    }
  }

  private static int kind(long entry) {
    return (int) entry & 3;
  }

  private static int length(long entry) {
    return (int) (entry >>> 2) & 0x1fff;
  }

  private static int first(long entry) {
    return (int) (entry >>> 16);
  }

  private static int units(int length) {
    return (length + PAYLOAD - 1) / PAYLOAD;
  }

  /** Spins: who holds it copies a page at most, and a queue for those who wait would allocate. */
  private void acquire() {
    int spins = 0;
    while (!lock.compareAndSet(false, true)) {
      if (++spins > 1000) {
        LockSupport.parkNanos(1000);
      } else {
        Thread.onSpinWait();
      }
    }
  }
}
