package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.bpf.BpfRing;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The two mappings of a ring buffer, Documentation/bpf/ringbuf.rst: a page with the reader's position, which we write, and
 * behind it a page with the writers' position and the data twice in a row, so that no record is torn at the end.
 */
final class MappedRing implements BpfRing {
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_SHARED = 1;
  private static final int BUSY = 1 << 31; // BPF_RINGBUF_BUSY_BIT
  private static final int DISCARDED = 1 << 30; // BPF_RINGBUF_DISCARD_BIT
  private static final int HEADER = 8; // BPF_RINGBUF_HDR_SZ
  private static final int AT_PAGESZ = 6;
  private static final long USUAL_PAGE = 4096;
  private static final VarHandle LONG = Layouts.LONG.varHandle();
  private static final VarHandle INT = Layouts.INT.varHandle();

  private final Kernel kernel;
  private final int size;
  private final MemorySegment consumer;
  private final MemorySegment producer;
  private final long page;
  private boolean closed;

  private MappedRing(
      Kernel kernel, int size, MemorySegment consumer, MemorySegment producer, long page) {
    this.kernel = kernel;
    this.size = size;
    this.consumer = consumer;
    this.producer = producer;
    this.page = page;
  }

  static MappedRing open(Kernel kernel, Descriptor map, int size) throws LinuxException {
    long page = pageSize();
    MemorySegment consumer = map(kernel, map, page, PROT_READ | PROT_WRITE, 0);
    try {
      MemorySegment producer = map(kernel, map, page + 2L * size, PROT_READ, page);
      return new MappedRing(kernel, size, consumer, producer, page);
    } catch (LinuxException refused) {
      unmap(kernel, consumer);
      throw refused;
    }
  }

  // The address is the kernel's, of as many bytes as were asked for, until it is unmapped.
  @SuppressWarnings("restricted")
  private static MemorySegment map(
      Kernel kernel, Descriptor map, long length, int protection, long offset)
      throws LinuxException {
    long address = kernel.raw(Call.MMAP, 0, length, protection, MAP_SHARED, map.number(), offset);
    Kernel.check(address, Call.MMAP, "a ring buffer");
    return MemorySegment.ofAddress(address).reinterpret(length);
  }

  private static void unmap(Kernel kernel, MemorySegment memory) {
    long result = kernel.raw(Call.MUNMAP, memory.address(), memory.byteSize());
    assert result == 0 : "munmap: " + result;
  }

  /** From what the kernel told this process when it began, getauxval(3); 4096 where that is not readable. */
  private static long pageSize() {
    try {
      ByteBuffer pairs =
          ByteBuffer.wrap(Files.readAllBytes(Path.of("/proc/self/auxv")))
              .order(ByteOrder.nativeOrder());
      while (pairs.remaining() >= 16) {
        long key = pairs.getLong();
        long value = pairs.getLong();
        if (key == AT_PAGESZ) {
          return value;
        }
      }
    } catch (IOException unreadable) {
      return USUAL_PAGE;
    }
    return USUAL_PAGE;
  }

  @Override
  public synchronized int drain(int max, Reader reader) throws LinuxException {
    refuseClosed();
    long position = (long) LONG.getAcquire(consumer, 0L);
    long end = (long) LONG.getAcquire(producer, 0L);
    int taken = 0;
    ByteBuffer data =
        producer.asSlice(page, 2L * size).asByteBuffer().order(ByteOrder.nativeOrder());
    while (position < end && taken < max) {
      int at = (int) (position & (size - 1));
      int length = (int) INT.getAcquire(producer, page + at);
      if ((length & BUSY) != 0) {
        break;
      }
      int payload = length & ~DISCARDED;
      if ((length & DISCARDED) == 0) {
        reader.record(
            data.slice(at + HEADER, payload).asReadOnlyBuffer().order(ByteOrder.nativeOrder()));
        taken++;
      }
      position += (payload + HEADER + 7) / 8 * 8L;
      LONG.setRelease(consumer, 0L, position);
    }
    return taken;
  }

  @Override
  public synchronized double filled() throws LinuxException {
    refuseClosed();
    long position = (long) LONG.getAcquire(consumer, 0L);
    return (double) ((long) LONG.getAcquire(producer, 0L) - position) / size;
  }

  private void refuseClosed() throws LinuxException {
    if (closed) {
      throw new LinuxException(
          Errno.EBADF, "mmap", "a ring buffer", "It was closed before: do not use it again.");
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      unmap(kernel, consumer);
      unmap(kernel, producer);
    }
  }
}
