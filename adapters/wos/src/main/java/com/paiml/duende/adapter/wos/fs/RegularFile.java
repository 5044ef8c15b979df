package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.FdFlags;
import com.paiml.duende.adapter.wos.abi.FileType;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.abi.Stat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** A file of the host. Calls of one process never overlap; several processes may share one. */
public final class RegularFile extends OpenFile {

  private final HostTree tree;
  private final Allowance allowance;
  private final FileChannel channel;
  private final boolean changeable;
  private Stat lastSeen;
  private volatile Path path;
  private volatile List<String> parts;
  private long position;

  RegularFile(
      HostTree tree,
      Allowance allowance,
      FileChannel channel,
      Place place,
      int flags,
      boolean changeable)
      throws IOException {
    super(FileType.REGULAR_FILE, flags);
    this.tree = tree;
    this.allowance = allowance;
    this.channel = channel;
    this.path = place.host();
    this.parts = place.parts();
    this.changeable = changeable;
    this.lastSeen = HostStat.of(path);
    tree.open().add(this);
  }

  @Override
  public long rights() {
    return changeable ? Rights.FILE : Rights.FILE & ~Rights.CHANGING;
  }

  @Override
  public synchronized int read(Waiter waiter, byte[] into, int from, int length) throws Fault {
    int n = pread(into, from, length, position);
    position += n;
    return n;
  }

  public int pread(byte[] into, int from, int length, long offset) throws Fault {
    if (offset < 0) {
      throw new Fault(Errno.INVAL);
    }
    try {
      return Math.max(0, channel.read(ByteBuffer.wrap(into, from, length), offset));
    } catch (IOException e) {
      throw HostErrors.of(e);
    } catch (NonReadableChannelException e) {
      throw new Fault(Errno.BADF);
    }
  }

  @Override
  public synchronized int write(Waiter waiter, byte[] data, int from, int length) throws Fault {
    int n = pwrite(data, from, length, position);
    position = has(FdFlags.APPEND) ? size() : position + n;
    return n;
  }

  /** With {@link FdFlags#APPEND} the offset does not count, as pwrite(2) on Linux has it. */
  public int pwrite(byte[] data, int from, int length, long offset) throws Fault {
    if (offset < 0) {
      throw new Fault(Errno.INVAL);
    }
    try {
      int n;
      if (has(FdFlags.APPEND)) {
        synchronized (tree) {
          n = channel.write(ByteBuffer.wrap(data, from, length), channel.size());
        }
      } else {
        n = channel.write(ByteBuffer.wrap(data, from, length), offset);
      }
      if (has(FdFlags.SYNC) || has(FdFlags.DSYNC)) {
        channel.force(has(FdFlags.SYNC));
      }
      return n;
    } catch (IOException e) {
      throw HostErrors.of(e);
    } catch (NonWritableChannelException e) {
      throw new Fault(Errno.BADF);
    }
  }

  public synchronized long position() {
    return position;
  }

  /**
   * @param whence 0 from the beginning, 1 from here, 2 from the end
   * @return the new position
   */
  public synchronized long seek(long offset, int whence) throws Fault {
    long base =
        switch (whence) {
          case 0 -> 0;
          case 1 -> position;
          case 2 -> size();
          default -> throw new Fault(Errno.INVAL);
        };
    long to = base + offset;
    if (to < 0 || (offset > 0 && to < base)) {
      throw new Fault(Errno.INVAL);
    }
    position = to;
    return to;
  }

  public long size() throws Fault {
    try {
      return channel.size();
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }

  /** Cuts it off or fills it up with zeros. */
  public void resize(long size) throws Fault {
    if (size < 0) {
      throw new Fault(Errno.INVAL);
    }
    try {
      long now = channel.size();
      if (size < now) {
        channel.truncate(size);
      } else if (size > now) {
        channel.write(ByteBuffer.allocate(1), size - 1);
      }
    } catch (IOException e) {
      throw HostErrors.of(e);
    } catch (NonWritableChannelException e) {
      throw new Fault(Errno.INVAL);
    }
  }

  /** Sets times in nanoseconds since 1970; an empty one stays. */
  public void setTimes(OptionalLong accessed, OptionalLong modified) throws Fault {
    if (!changeable) {
      throw new Fault(Errno.ROFS);
    }
    tree.stable().lock();
    try {
      Stat now = HostStat.of(path);
      if (now.inode() != lastSeen.inode() || now.device() != lastSeen.device()) {
        throw new Fault(Errno.NOENT);
      }
      Directory.setTimes(path, accessed, modified);
    } catch (IOException e) {
      throw HostErrors.of(e);
    } finally {
      tree.stable().unlock();
    }
  }

  public void sync(boolean metadata) throws Fault {
    try {
      channel.force(metadata);
    } catch (IOException e) {
      throw HostErrors.of(e);
    }
  }

  @Override
  public long available() {
    try {
      return Math.max(0, size() - position());
    } catch (Fault e) {
      return 0;
    }
  }

  @Override
  public synchronized Stat stat() throws Fault {
    try {
      Stat now = HostStat.of(path);
      if (now.inode() == lastSeen.inode() && now.device() == lastSeen.device()) {
        lastSeen = now;
        return now;
      }
    } catch (IOException e) {
      // The name is gone and the file goes on: what the channel says is all there is to know.
      lastSeen = withLinks(0);
    }
    lastSeen = withLinks(Math.max(0, lastSeen.links() - 1));
    return lastSeen;
  }

  private Stat withLinks(long links) throws Fault {
    return new Stat(
        lastSeen.device(),
        lastSeen.inode(),
        lastSeen.type(),
        links,
        size(),
        lastSeen.accessed(),
        lastSeen.modified(),
        lastSeen.changed());
  }

  Path path() {
    return path;
  }

  /** It, or a directory above it, was renamed by a process. */
  void moved(Path from, Path to) {
    if (path.startsWith(from)) {
      path = to.resolve(from.relativize(path));
    }
  }

  /** {@return where it was opened, from the preopened directory down} */
  public List<String> parts() {
    return parts;
  }

  @Override
  protected void close() {
    tree.open().remove(this);
    allowance.files().giveBack(1);
    try {
      channel.close();
    } catch (IOException e) {
      System.getLogger(RegularFile.class.getName())
          .log(System.Logger.Level.WARNING, "closing " + path + ": " + e.getMessage());
    }
  }
}
