package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.abi.Stat;
import com.paiml.duende.adapter.wos.fs.Directory;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import com.paiml.duende.adapter.wos.fs.RegularFile;
import com.paiml.duende.adapter.wos.kernel.FdTable;
import com.paiml.duende.adapter.wos.kernel.Guest;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import java.util.List;
import java.util.OptionalLong;

/** What can be done with the descriptor of a file or directory. */
final class FileCalls {

  private static final int FILESTAT_SIZE = 64;
  private static final int DIRENT_SIZE = 24;
  private static final int LAST_ADVICE = 5;

  private FileCalls() {}

  static List<Call> all() {
    return List.of(
        Call.of("fd_advise", "illi", FileCalls::advise),
        Call.of("fd_allocate", "ill", FileCalls::allocate),
        Call.of("fd_datasync", "i", (p, g, a) -> sync(p, a, Rights.FD_DATASYNC, false)),
        Call.of("fd_sync", "i", (p, g, a) -> sync(p, a, Rights.FD_SYNC, true)),
        Call.of("fd_filestat_get", "ii", FileCalls::stat),
        Call.of("fd_filestat_set_size", "il", FileCalls::setSize),
        Call.of("fd_filestat_set_times", "illi", FileCalls::setTimes),
        Call.of("fd_pread", "iiili", FileCalls::pread),
        Call.of("fd_pwrite", "iiili", FileCalls::pwrite),
        Call.of("fd_readdir", "iiili", FileCalls::readdir),
        Call.of("fd_seek", "ilii", FileCalls::seek),
        Call.of("fd_tell", "ii", FileCalls::tell));
  }

  private static RegularFile regular(WasmProcess process, long fd, long rights, Errno otherwise)
      throws Fault {
    return process.descriptors().get((int) fd, rights, RegularFile.class, otherwise);
  }

  private static void advise(WasmProcess process, Guest guest, long[] a) throws Fault {
    RegularFile file = regular(process, a[0], Rights.FD_ADVISE, Errno.BADF);
    if (a[1] < 0 || a[2] < 0 || (int) a[3] < 0 || (int) a[3] > LAST_ADVICE || file.size() < 0) {
      throw new Fault(Errno.INVAL);
    }
  }

  private static void allocate(WasmProcess process, Guest guest, long[] a) throws Fault {
    RegularFile file = regular(process, a[0], Rights.FD_ALLOCATE, Errno.BADF);
    long end = a[1] + a[2];
    if (a[1] < 0 || a[2] <= 0 || end < 0) {
      throw new Fault(Errno.INVAL);
    }
    if (end > file.size()) {
      file.resize(end);
    }
  }

  private static void sync(WasmProcess process, long[] a, long right, boolean metadata)
      throws Fault {
    FdTable.Descriptor fd = process.descriptors().get((int) a[0]);
    if (fd.file() instanceof RegularFile file) {
      process.descriptors().check((int) a[0], right);
      process.withoutCpu(() -> file.sync(metadata));
    } else if (!(fd.file() instanceof Directory)) {
      throw new Fault(Errno.INVAL);
    }
  }

  private static void stat(WasmProcess process, Guest guest, long[] a) throws Fault {
    putStat(
        guest,
        (int) a[1],
        process.descriptors().get((int) a[0], Rights.FD_FILESTAT_GET).file().stat());
  }

  static void putStat(Guest guest, int at, Stat stat) throws Fault {
    guest.put(
        at,
        Guest.buffer(FILESTAT_SIZE)
            .putLong(0, stat.device())
            .putLong(8, stat.inode())
            .put(16, (byte) stat.type().code())
            .putLong(24, stat.links())
            .putLong(32, stat.size())
            .putLong(40, stat.accessed())
            .putLong(48, stat.modified())
            .putLong(56, stat.changed())
            .array());
  }

  private static void setSize(WasmProcess process, Guest guest, long[] a) throws Fault {
    regular(process, a[0], Rights.FD_FILESTAT_SET_SIZE, Errno.BADF).resize(a[1]);
  }

  private static void setTimes(WasmProcess process, Guest guest, long[] a) throws Fault {
    OpenFile file = process.descriptors().get((int) a[0], Rights.FD_FILESTAT_SET_TIMES).file();
    Times times = Times.of(a[1], a[2], (int) a[3]);
    switch (file) {
      case RegularFile f -> f.setTimes(times.accessed(), times.modified());
      case Directory d -> d.setTimes(".", true, times.accessed(), times.modified());
      default -> throw new Fault(Errno.BADF);
    }
  }

  /** Times to set; an empty one stays as it is. */
  record Times(OptionalLong accessed, OptionalLong modified) {

    private static final int ACCESSED = 1;
    private static final int ACCESSED_NOW = 2;
    private static final int MODIFIED = 4;
    private static final int MODIFIED_NOW = 8;

    /** @param flags {@code $fstflags} */
    static Times of(long accessed, long modified, int flags) throws Fault {
      return new Times(
          one(accessed, flags, ACCESSED, ACCESSED_NOW),
          one(modified, flags, MODIFIED, MODIFIED_NOW));
    }

    private static OptionalLong one(long given, int flags, int set, int setNow) throws Fault {
      boolean toGiven = (flags & set) != 0;
      boolean toNow = (flags & setNow) != 0;
      if (toGiven && toNow) {
        throw new Fault(Errno.INVAL);
      }
      if (toNow) {
        return OptionalLong.of(ClockCalls.realtime());
      }
      return toGiven ? OptionalLong.of(given) : OptionalLong.empty();
    }
  }

  private static void pread(WasmProcess process, Guest guest, long[] a) throws Fault {
    OpenFile file = DescriptorCalls.readable(process.descriptors().get((int) a[0]));
    if (!(file instanceof RegularFile regular)) {
      throw new Fault(Errno.SPIPE);
    }
    process.descriptors().check((int) a[0], Rights.FD_SEEK);
    int n =
        Vectors.fill(
            process,
            guest,
            (int) a[1],
            (int) a[2],
            (piece, length, offset) -> regular.pread(piece, 0, length, a[3] + offset));
    guest.put32((int) a[4], n);
  }

  private static void pwrite(WasmProcess process, Guest guest, long[] a) throws Fault {
    OpenFile file = DescriptorCalls.writable(process.descriptors().get((int) a[0]));
    if (!(file instanceof RegularFile regular)) {
      throw new Fault(Errno.SPIPE);
    }
    process.descriptors().check((int) a[0], Rights.FD_SEEK);
    int n =
        Vectors.drain(
            process,
            guest,
            (int) a[1],
            (int) a[2],
            (piece, length, offset) -> regular.pwrite(piece, 0, length, a[3] + offset));
    guest.put32((int) a[4], n);
  }

  private static void readdir(WasmProcess process, Guest guest, long[] a) throws Fault {
    Directory directory =
        process.descriptors().get((int) a[0], Rights.FD_READDIR, Directory.class, Errno.NOTDIR);
    int at = (int) a[1];
    int room = (int) a[2];
    guest.check(at, room);
    long next = a[3];
    int used = 0;
    for (Directory.Entry entry : directory.entries(a[3])) {
      byte[] name = Guest.encode(entry.name());
      byte[] whole =
          Guest.buffer(DIRENT_SIZE + name.length)
              .putLong(0, ++next)
              .putLong(8, entry.inode())
              .putInt(16, name.length)
              .put(20, (byte) entry.type().code())
              .put(DIRENT_SIZE, name)
              .array();
      int n = Integer.compareUnsigned(whole.length, room - used) > 0 ? room - used : whole.length;
      guest.put(at + used, whole, 0, n);
      used += n;
      if (used == room) {
        break;
      }
    }
    guest.put32((int) a[4], used);
  }

  private static void seek(WasmProcess process, Guest guest, long[] a) throws Fault {
    boolean onlyAsks = a[1] == 0 && (int) a[2] == 1;
    RegularFile file = seekable(process, a[0], onlyAsks ? Rights.FD_TELL : Rights.FD_SEEK);
    guest.put64((int) a[3], file.seek(a[1], (int) a[2]));
  }

  private static void tell(WasmProcess process, Guest guest, long[] a) throws Fault {
    guest.put64((int) a[1], seekable(process, a[0], Rights.FD_TELL).position());
  }

  private static RegularFile seekable(WasmProcess process, long fd, long right) throws Fault {
    if (process.descriptors().get((int) fd).file() instanceof Directory) {
      throw new Fault(Errno.BADF);
    }
    return regular(process, fd, right, Errno.SPIPE);
  }
}
