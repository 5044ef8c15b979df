package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** Descriptors of one process: the lowest free number first, at most as many as the process may have. */
public final class FdTable {

  /** What a number stands for, and what may be done with it. */
  public static final class Descriptor {
    private final OpenFile file;
    private long rights;
    private long inheriting;

    Descriptor(OpenFile file, long rights, long inheriting) {
      this.file = file;
      this.rights = rights;
      this.inheriting = inheriting;
    }

    public OpenFile file() {
      return file;
    }

    public long rights() {
      return rights;
    }

    /** {@return the most that what is opened from it may have} */
    public long inheriting() {
      return inheriting;
    }

    /** Rights can be given up, not gained. */
    public void restrict(long newRights, long newInheriting) throws Fault {
      if ((newRights & ~rights) != 0 || (newInheriting & ~inheriting) != 0) {
        throw new Fault(Errno.NOTCAPABLE);
      }
      rights = newRights;
      inheriting = newInheriting;
    }
  }

  private final Map<Integer, Descriptor> table = new TreeMap<>();
  private final int limit;

  FdTable(int limit) {
    this.limit = limit;
  }

  /** {@return its number; the file is released when there is no room for it} */
  public synchronized int add(OpenFile file, long rights, long inheriting) throws Fault {
    int fd = 0;
    for (int taken : table.keySet()) {
      if (taken != fd) {
        break;
      }
      fd++;
    }
    if (fd >= limit) {
      file.release();
      throw new Fault(Errno.MFILE);
    }
    table.put(fd, new Descriptor(file, rights, inheriting));
    return fd;
  }

  public synchronized Descriptor get(int fd) throws Fault {
    Descriptor found = table.get(fd);
    if (found == null) {
      throw new Fault(Errno.BADF);
    }
    return found;
  }

  /** Makes sure that the descriptor has these rights. */
  public void check(int fd, long needed) throws Fault {
    if ((get(fd).rights & needed) != needed) {
      throw new Fault(Errno.NOTCAPABLE);
    }
  }

  /** {@return the descriptor, if it has these rights} */
  public Descriptor get(int fd, long needed) throws Fault {
    check(fd, needed);
    return get(fd);
  }

  /** {@return what it stands for, if it is of that class} */
  public <T extends OpenFile> T get(int fd, long needed, Class<T> kind, Errno otherwise)
      throws Fault {
    Descriptor found = get(fd);
    if (!kind.isInstance(found.file)) {
      throw new Fault(otherwise);
    }
    return kind.cast(get(fd, needed).file);
  }

  public void close(int fd) throws Fault {
    Descriptor gone;
    synchronized (this) {
      gone = get(fd);
      table.remove(fd);
    }
    gone.file.release();
  }

  /** Moves {@code from} to {@code to}, closing what is there. Both must be open. */
  public void renumber(int from, int to) throws Fault {
    Descriptor replaced;
    synchronized (this) {
      Descriptor moved = get(from);
      replaced = get(to);
      if (from == to) {
        return;
      }
      table.put(to, moved);
      table.remove(from);
    }
    replaced.file.release();
  }

  public synchronized int size() {
    return table.size();
  }

  /** {@return how many there may be} */
  public int limit() {
    return limit;
  }

  synchronized void forEach(BiConsumer<Integer, Descriptor> each) {
    table.forEach(each);
  }

  void closeAll() {
    Map<Integer, Descriptor> all;
    synchronized (this) {
      all = new TreeMap<>(table);
      table.clear();
    }
    all.values().forEach(d -> d.file.release());
  }
}
