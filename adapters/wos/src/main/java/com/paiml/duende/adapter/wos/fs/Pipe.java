package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.FdFlags;
import com.paiml.duende.adapter.wos.abi.FileType;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.engine.Budget;

/**
 * Bytes from one process to another. Holds {@value #CAPACITY} bytes; a write of at most {@value #ATOMIC} is not mixed with
 * others, as pipe(7) has it. Reading waits for bytes or the last writer's end, writing for room.
 */
public final class Pipe {

  public static final int CAPACITY = 65536;
  public static final int ATOMIC = 4096;

  private final Budget budget;
  private final byte[] ring = new byte[CAPACITY];
  private int head;
  private int filled;
  private boolean writerGone;
  private boolean readerGone;

  /** The end to read from. */
  public final OpenFile reader = new Reader();

  /** The end to write to. */
  public final OpenFile writer = new Writer();

  private Pipe(Budget budget) {
    this.budget = budget;
  }

  /**
   * @param budget of the heap, from which its room is taken
   * @throws Fault {@code ENOMEM} when there is none
   */
  public static Pipe within(Budget budget) throws Fault {
    if (!budget.take(CAPACITY)) {
      throw new Fault(Errno.NOMEM);
    }
    return new Pipe(budget);
  }

  private final class Reader extends OpenFile {

    Reader() {
      super(FileType.UNKNOWN, 0);
    }

    @Override
    public long rights() {
      return super.rights() | Rights.FD_READ;
    }

    @Override
    public int read(Waiter waiter, byte[] into, int from, int length) throws Fault {
      while (true) {
        synchronized (Pipe.this) {
          if (filled > 0) {
            int n = Math.min(length, filled);
            int first = Math.min(n, CAPACITY - head);
            System.arraycopy(ring, head, into, from, first);
            System.arraycopy(ring, 0, into, from + first, n - first);
            head = (head + n) % CAPACITY;
            filled -= n;
            wake();
            return n;
          }
          if (writerGone || length == 0) {
            return 0;
          }
        }
        if (has(FdFlags.NONBLOCK)) {
          throw new Fault(Errno.AGAIN);
        }
        waiter.await(changes(), this::readable);
      }
    }

    @Override
    public boolean readable() {
      synchronized (Pipe.this) {
        return filled > 0 || writerGone;
      }
    }

    @Override
    public long available() {
      synchronized (Pipe.this) {
        return filled;
      }
    }

    @Override
    public boolean hungUp() {
      synchronized (Pipe.this) {
        return writerGone;
      }
    }

    @Override
    protected void close() {
      boolean last;
      synchronized (Pipe.this) {
        readerGone = true;
        last = writerGone;
      }
      closed(last);
      wake();
    }
  }

  private final class Writer extends OpenFile {

    Writer() {
      super(FileType.UNKNOWN, 0);
    }

    @Override
    public long rights() {
      return super.rights() | Rights.FD_WRITE;
    }

    @Override
    public int write(Waiter waiter, byte[] data, int from, int length) throws Fault {
      int needed = length <= ATOMIC ? length : 1;
      while (true) {
        synchronized (Pipe.this) {
          if (readerGone) {
            throw new Fault(Errno.PIPE);
          }
          int room = CAPACITY - filled;
          if (room >= needed) {
            int n = Math.min(length, room);
            int tail = (head + filled) % CAPACITY;
            int first = Math.min(n, CAPACITY - tail);
            System.arraycopy(data, from, ring, tail, first);
            System.arraycopy(data, from + first, ring, 0, n - first);
            filled += n;
            wake();
            return n;
          }
        }
        if (has(FdFlags.NONBLOCK)) {
          throw new Fault(Errno.AGAIN);
        }
        waiter.await(changes(), () -> room() >= needed);
      }
    }

    private int room() {
      synchronized (Pipe.this) {
        return readerGone ? CAPACITY : CAPACITY - filled;
      }
    }

    @Override
    public boolean writable() {
      return room() >= ATOMIC;
    }

    @Override
    public boolean hungUp() {
      synchronized (Pipe.this) {
        return readerGone;
      }
    }

    @Override
    protected void close() {
      boolean last;
      synchronized (Pipe.this) {
        writerGone = true;
        last = readerGone;
      }
      closed(last);
      wake();
    }
  }

  private void closed(boolean last) {
    if (last) {
      budget.giveBack(CAPACITY);
    }
  }

  private void wake() {
    reader.changes().wakeAll();
    writer.changes().wakeAll();
  }
}
