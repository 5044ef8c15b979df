package com.paiml.duende.adapter.wos.engine;

import java.nio.charset.Charset;
import run.endive.runtime.ByteArrayMemory;
import run.endive.runtime.Instance;
import run.endive.runtime.Memory;
import run.endive.wasm.types.DataSegment;
import run.endive.wasm.types.MemoryLimits;

/**
 * The linear memory of one process: counted, and with safepoints in operations on many bytes, which would otherwise hold
 * up preemption and kills.
 */
public final class GuestMemory implements Memory {

  /** Copying so much takes well below a millisecond. */
  private static final int STRETCH = 1 << 20;

  private static final int NOT_EQUAL = 1;
  private static final int TIMED_OUT = 2;

  private final ByteArrayMemory pages;
  private final MemoryAccount account;
  private final Suspension suspension;

  GuestMemory(MemoryLimits limits, MemoryAccount account, Suspension suspension) {
    this.pages = new ByteArrayMemory(limits);
    this.account = account;
    this.suspension = suspension;
  }

  @Override
  public int pages() {
    return pages.pages();
  }

  @Override
  public int grow(int size) {
    int before = pages.pages();
    boolean possible =
        size >= 0
            && (long) before + size <= pages.maximumPages()
            && account.take((long) size * PAGE_SIZE);
    return suspension.grown(possible ? larger(size) : -1);
  }

  /** For a moment there are both the old and the new pages, and the heap may have no room for that. */
  private int larger(int size) {
    try {
      return pages.grow(size);
    } catch (OutOfMemoryError e) {
      account.giveBack((long) size * PAGE_SIZE);
      return -1;
    }
  }

  @Override
  public int initialPages() {
    return pages.initialPages();
  }

  @Override
  public int maximumPages() {
    return pages.maximumPages();
  }

  @Override
  public boolean shared() {
    return pages.shared();
  }

  @Override
  @Deprecated
  @SuppressWarnings({"removal", "InlineMeSuggester"})
  public Object lock(int address) {
    return pages.lock(address);
  }

  @Override
  @Deprecated
  @SuppressWarnings({"removal", "InlineMeSuggester"})
  public int waitOn(int address, int expected, long timeout) {
    return atomicWait(address, expected, timeout);
  }

  @Override
  @Deprecated
  @SuppressWarnings({"removal", "InlineMeSuggester"})
  public int waitOn(int address, long expected, long timeout) {
    return atomicWait(address, expected, timeout);
  }

  @Override
  @Deprecated
  @SuppressWarnings({"removal", "InlineMeSuggester"})
  public int notify(int address, int maxThreads) {
    return atomicNotify(address, maxThreads);
  }

  /** A process has one thread, so nobody can wake it: it sleeps its time out. */
  @Override
  public int atomicWait(int addr, int expected, long timeout) {
    if (atomicReadInt(addr) != expected) {
      return NOT_EQUAL;
    }
    suspension.sleep(timeout);
    return TIMED_OUT;
  }

  @Override
  public int atomicWait(int addr, long expected, long timeout) {
    if (atomicReadLong(addr) != expected) {
      return NOT_EQUAL;
    }
    suspension.sleep(timeout);
    return TIMED_OUT;
  }

  /** Nobody else can be waiting. */
  @Override
  public int atomicNotify(int addr, int maxThreads) {
    return 0;
  }

  @Override
  public void initialize(Instance instance, DataSegment[] dataSegments) {
    pages.initialize(instance, dataSegments);
  }

  @Override
  public void initialize(Instance instance, DataSegment[] dataSegments, int memoryIndex) {
    pages.initialize(instance, dataSegments, memoryIndex);
  }

  @Override
  public void fill(byte value, int fromIndex, int toIndex) {
    int size = toIndex - fromIndex;
    if (size <= STRETCH || !contains(fromIndex, size)) {
      pages.fill(value, fromIndex, toIndex);
      return;
    }
    for (int at = fromIndex; at < toIndex; at += STRETCH) {
      pages.fill(value, at, Math.min(at + STRETCH, toIndex));
      suspension.safepoint();
    }
  }

  @Override
  public void copy(int dest, int src, int size) {
    if (size <= STRETCH || !contains(dest, size) || !contains(src, size)) {
      pages.copy(dest, src, size);
      return;
    }
    boolean forward = dest <= src;
    for (int done = 0; done < size; done += STRETCH) {
      int stretch = Math.min(STRETCH, size - done);
      int at = forward ? done : size - done - stretch;
      pages.copy(dest + at, src + at, stretch);
      suspension.safepoint();
    }
  }

  private boolean contains(int address, int size) {
    return address >= 0 && size >= 0 && (long) address + size <= (long) pages.pages() * PAGE_SIZE;
  }

  @Override
  public String readCString(int addr, Charset charSet) {
    return pages.readCString(addr, charSet);
  }

  @Override
  public void atomicFence() {
    pages.atomicFence();
  }

  @Override
  public int atomicReadInt(int addr) {
    return pages.atomicReadInt(addr);
  }

  @Override
  public long atomicReadLong(int addr) {
    return pages.atomicReadLong(addr);
  }

  @Override
  public short atomicReadShort(int addr) {
    return pages.atomicReadShort(addr);
  }

  @Override
  public byte atomicReadByte(int addr) {
    return pages.atomicReadByte(addr);
  }

  @Override
  public void atomicWriteInt(int addr, int value) {
    pages.atomicWriteInt(addr, value);
  }

  @Override
  public void atomicWriteLong(int addr, long value) {
    pages.atomicWriteLong(addr, value);
  }

  @Override
  public void atomicWriteShort(int addr, short value) {
    pages.atomicWriteShort(addr, value);
  }

  @Override
  public void atomicWriteByte(int addr, byte value) {
    pages.atomicWriteByte(addr, value);
  }

  @Override
  public int atomicAddInt(int addr, int delta) {
    return pages.atomicAddInt(addr, delta);
  }

  @Override
  public int atomicAndInt(int addr, int mask) {
    return pages.atomicAndInt(addr, mask);
  }

  @Override
  public int atomicOrInt(int addr, int mask) {
    return pages.atomicOrInt(addr, mask);
  }

  @Override
  public int atomicXorInt(int addr, int mask) {
    return pages.atomicXorInt(addr, mask);
  }

  @Override
  public int atomicXchgInt(int addr, int value) {
    return pages.atomicXchgInt(addr, value);
  }

  @Override
  public int atomicCmpxchgInt(int addr, int expected, int replacement) {
    return pages.atomicCmpxchgInt(addr, expected, replacement);
  }

  @Override
  public long atomicAddLong(int addr, long delta) {
    return pages.atomicAddLong(addr, delta);
  }

  @Override
  public long atomicAndLong(int addr, long mask) {
    return pages.atomicAndLong(addr, mask);
  }

  @Override
  public long atomicOrLong(int addr, long mask) {
    return pages.atomicOrLong(addr, mask);
  }

  @Override
  public long atomicXorLong(int addr, long mask) {
    return pages.atomicXorLong(addr, mask);
  }

  @Override
  public long atomicXchgLong(int addr, long value) {
    return pages.atomicXchgLong(addr, value);
  }

  @Override
  public long atomicCmpxchgLong(int addr, long expected, long replacement) {
    return pages.atomicCmpxchgLong(addr, expected, replacement);
  }

  @Override
  public short atomicAddShort(int addr, short delta) {
    return pages.atomicAddShort(addr, delta);
  }

  @Override
  public short atomicAndShort(int addr, short mask) {
    return pages.atomicAndShort(addr, mask);
  }

  @Override
  public short atomicOrShort(int addr, short mask) {
    return pages.atomicOrShort(addr, mask);
  }

  @Override
  public short atomicXorShort(int addr, short mask) {
    return pages.atomicXorShort(addr, mask);
  }

  @Override
  public short atomicXchgShort(int addr, short value) {
    return pages.atomicXchgShort(addr, value);
  }

  @Override
  public short atomicCmpxchgShort(int addr, short expected, short replacement) {
    return pages.atomicCmpxchgShort(addr, expected, replacement);
  }

  @Override
  public byte atomicAddByte(int addr, byte delta) {
    return pages.atomicAddByte(addr, delta);
  }

  @Override
  public byte atomicAndByte(int addr, byte mask) {
    return pages.atomicAndByte(addr, mask);
  }

  @Override
  public byte atomicOrByte(int addr, byte mask) {
    return pages.atomicOrByte(addr, mask);
  }

  @Override
  public byte atomicXorByte(int addr, byte mask) {
    return pages.atomicXorByte(addr, mask);
  }

  @Override
  public byte atomicXchgByte(int addr, byte value) {
    return pages.atomicXchgByte(addr, value);
  }

  @Override
  public byte atomicCmpxchgByte(int addr, byte expected, byte replacement) {
    return pages.atomicCmpxchgByte(addr, expected, replacement);
  }

  @Override
  public void initPassiveSegment(int segmentId, int dest, int offset, int size) {
    pages.initPassiveSegment(segmentId, dest, offset, size);
  }

  @Override
  public void writeString(int offset, String data, Charset charSet) {
    pages.writeString(offset, data, charSet);
  }

  @Override
  public void writeString(int offset, String data) {
    pages.writeString(offset, data);
  }

  @Override
  public String readString(int addr, int len) {
    return pages.readString(addr, len);
  }

  @Override
  public String readString(int addr, int len, Charset charSet) {
    return pages.readString(addr, len, charSet);
  }

  @Override
  public void writeCString(int offset, String str) {
    pages.writeCString(offset, str);
  }

  @Override
  public void writeCString(int offset, String str, Charset charSet) {
    pages.writeCString(offset, str, charSet);
  }

  @Override
  public void write(int addr, byte[] data) {
    pages.write(addr, data);
  }

  @Override
  public void write(int addr, byte[] data, int offset, int size) {
    pages.write(addr, data, offset, size);
  }

  @Override
  public byte read(int addr) {
    return pages.read(addr);
  }

  @Override
  public byte[] readBytes(int addr, int len) {
    return pages.readBytes(addr, len);
  }

  @Override
  public void writeI32(int addr, int data) {
    pages.writeI32(addr, data);
  }

  @Override
  public int readInt(int addr) {
    return pages.readInt(addr);
  }

  @Override
  public long readI32(int addr) {
    return pages.readI32(addr);
  }

  @Override
  public long readU32(int addr) {
    return pages.readU32(addr);
  }

  @Override
  public void writeLong(int addr, long data) {
    pages.writeLong(addr, data);
  }

  @Override
  public long readLong(int addr) {
    return pages.readLong(addr);
  }

  @Override
  public long readI64(int addr) {
    return pages.readI64(addr);
  }

  @Override
  public void writeShort(int addr, short data) {
    pages.writeShort(addr, data);
  }

  @Override
  public short readShort(int addr) {
    return pages.readShort(addr);
  }

  @Override
  public long readI16(int addr) {
    return pages.readI16(addr);
  }

  @Override
  public long readU16(int addr) {
    return pages.readU16(addr);
  }

  @Override
  public void writeByte(int addr, byte data) {
    pages.writeByte(addr, data);
  }

  @Override
  public long readU8(int addr) {
    return pages.readU8(addr);
  }

  @Override
  public long readI8(int addr) {
    return pages.readI8(addr);
  }

  @Override
  public void writeF32(int addr, float data) {
    pages.writeF32(addr, data);
  }

  @Override
  public long readF32(int addr) {
    return pages.readF32(addr);
  }

  @Override
  public float readFloat(int addr) {
    return pages.readFloat(addr);
  }

  @Override
  public void writeF64(int addr, double data) {
    pages.writeF64(addr, data);
  }

  @Override
  public double readDouble(int addr) {
    return pages.readDouble(addr);
  }

  @Override
  public long readF64(int addr) {
    return pages.readF64(addr);
  }

  @Override
  public void zero() {
    pages.zero();
  }

  @Override
  public void drop(int segment) {
    pages.drop(segment);
  }
}
