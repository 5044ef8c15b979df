package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.FdFlags;
import com.paiml.duende.adapter.wos.abi.FileType;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.abi.Stat;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a descriptor refers to. Descriptors of several processes may refer to the same one; it is closed with the last.
 */
public abstract class OpenFile {

  private final FileType type;
  private final WaitQueue changes = new WaitQueue();
  private final AtomicInteger references = new AtomicInteger(1);
  private volatile int flags;

  protected OpenFile(FileType type, int flags) {
    this.type = type;
    this.flags = flags;
  }

  public final FileType type() {
    return type;
  }

  /** {@return {@link FdFlags}} */
  public final int flags() {
    return flags;
  }

  /** Sets {@link FdFlags#APPEND} and {@link FdFlags#NONBLOCK}; others cannot be changed once it is open. */
  public void flags(int wanted) throws Fault {
    if ((wanted & ~FdFlags.ALL) != 0) {
      throw new Fault(Errno.INVAL);
    }
    int fixed = FdFlags.DSYNC | FdFlags.RSYNC | FdFlags.SYNC;
    if ((wanted & fixed) != (flags & fixed)) {
      throw new Fault(Errno.NOTSUP);
    }
    flags = wanted;
  }

  final boolean has(int flag) {
    return (flags & flag) != 0;
  }

  /** {@return the rights that make sense for it} */
  public long rights() {
    return Rights.FD_FDSTAT_SET_FLAGS | Rights.FD_FILESTAT_GET | Rights.POLL_FD_READWRITE;
  }

  /** Reads some bytes; 0 at the end. */
  public int read(Waiter waiter, byte[] into, int from, int length) throws Fault {
    throw new Fault(Errno.BADF);
  }

  /** Writes some bytes. */
  public int write(Waiter waiter, byte[] data, int from, int length) throws Fault {
    throw new Fault(Errno.BADF);
  }

  /** {@return whether {@link #read} would not wait} */
  public boolean readable() {
    return true;
  }

  /** {@return whether {@link #write} would not wait} */
  public boolean writable() {
    return true;
  }

  /** {@return how many bytes can be read at once, if known, else 1} */
  public long available() {
    return 1;
  }

  /** {@return whether the other end is gone} */
  public boolean hungUp() {
    return false;
  }

  /** {@return what is woken when readable or writable may have changed} */
  public final WaitQueue changes() {
    return changes;
  }

  public Stat stat() throws Fault {
    return Stat.of(type);
  }

  /** One descriptor more refers to it. */
  public final OpenFile retain() {
    references.incrementAndGet();
    return this;
  }

  /** {@return whether a descriptor refers to it yet; if so, one more does now} */
  final boolean retainIfOpen() {
    return references.getAndUpdate(n -> n == 0 ? 0 : n + 1) != 0;
  }

  /** One descriptor less refers to it. */
  public final void release() {
    if (references.decrementAndGet() == 0) {
      close();
    }
  }

  /** The last descriptor is gone. */
  protected void close() {}
}
