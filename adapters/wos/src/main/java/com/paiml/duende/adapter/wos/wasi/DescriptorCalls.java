package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.FileType;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.fs.Directory;
import com.paiml.duende.adapter.wos.fs.MessageQueue;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import com.paiml.duende.adapter.wos.fs.RegularFile;
import com.paiml.duende.adapter.wos.kernel.FdTable;
import com.paiml.duende.adapter.wos.kernel.Guest;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import java.util.List;

/** What can be done with any descriptor. */
final class DescriptorCalls {

  private static final int FDSTAT_SIZE = 24;
  private static final int DIRECTORY_PREOPEN = 0;

  private DescriptorCalls() {}

  static List<Call> all() {
    return List.of(
        Call.of("fd_close", "i", (p, g, a) -> p.descriptors().close((int) a[0])),
        Call.of("fd_renumber", "ii", (p, g, a) -> p.descriptors().renumber((int) a[0], (int) a[1])),
        Call.of("fd_read", "iiii", DescriptorCalls::read),
        Call.of("fd_write", "iiii", DescriptorCalls::write),
        Call.of("fd_fdstat_get", "ii", DescriptorCalls::fdstat),
        Call.of("fd_fdstat_set_flags", "ii", DescriptorCalls::setFlags),
        Call.of(
            "fd_fdstat_set_rights",
            "ill",
            (p, g, a) -> p.descriptors().get((int) a[0]).restrict(a[1], a[2])),
        Call.of("fd_prestat_get", "ii", DescriptorCalls::prestat),
        Call.of("fd_prestat_dir_name", "iii", DescriptorCalls::prestatName));
  }

  private static void read(WasmProcess process, Guest guest, long[] a) throws Fault {
    FdTable.Descriptor fd = process.descriptors().get((int) a[0]);
    OpenFile file = readable(fd);
    int vectors = (int) a[1];
    int count = (int) a[2];
    int n;
    if (file instanceof RegularFile) {
      n =
          Vectors.fill(
              process,
              guest,
              vectors,
              count,
              (piece, length, offset) -> file.read(process, piece, 0, length));
    } else {
      // One read: a stream gives what it has, and a queue one whole message.
      byte[] data = new byte[Vectors.length(guest, vectors, count, MessageQueue.LONGEST)];
      n = file.read(process, data, 0, data.length);
      Vectors.scatter(guest, vectors, count, data, n);
    }
    guest.put32((int) a[3], n);
  }

  static OpenFile readable(FdTable.Descriptor fd) throws Fault {
    if (fd.file().type() == FileType.DIRECTORY) {
      throw new Fault(Errno.ISDIR);
    }
    if ((fd.rights() & Rights.FD_READ) == 0) {
      throw new Fault(Errno.BADF);
    }
    return fd.file();
  }

  static OpenFile writable(FdTable.Descriptor fd) throws Fault {
    if (fd.file().type() == FileType.DIRECTORY) {
      throw new Fault(Errno.ISDIR);
    }
    if ((fd.rights() & Rights.FD_WRITE) == 0) {
      throw new Fault(Errno.BADF);
    }
    return fd.file();
  }

  private static void write(WasmProcess process, Guest guest, long[] a) throws Fault {
    OpenFile file = writable(process.descriptors().get((int) a[0]));
    int vectors = (int) a[1];
    int count = (int) a[2];
    int n;
    if (file instanceof RegularFile) {
      n =
          Vectors.drain(
              process,
              guest,
              vectors,
              count,
              (piece, length, offset) -> file.write(process, piece, 0, length));
    } else if (Vectors.length(guest, vectors, count, Integer.MAX_VALUE) <= MessageQueue.LONGEST) {
      // In one piece, so that lines of a log and messages stay whole.
      byte[] data = Vectors.gather(guest, vectors, count, MessageQueue.LONGEST);
      n = file.write(process, data, 0, data.length);
    } else if (file instanceof MessageQueue) {
      throw new Fault(Errno.MSGSIZE);
    } else {
      n =
          Vectors.drain(
              process,
              guest,
              vectors,
              count,
              (piece, length, offset) -> file.write(process, piece, 0, length));
    }
    guest.put32((int) a[3], n);
  }

  private static void fdstat(WasmProcess process, Guest guest, long[] a) throws Fault {
    FdTable.Descriptor fd = process.descriptors().get((int) a[0]);
    guest.put(
        (int) a[1],
        Guest.buffer(FDSTAT_SIZE)
            .put(0, (byte) fd.file().type().code())
            .putShort(2, (short) fd.file().flags())
            .putLong(8, fd.rights())
            .putLong(16, fd.inheriting())
            .array());
  }

  private static void setFlags(WasmProcess process, Guest guest, long[] a) throws Fault {
    process.descriptors().get((int) a[0], Rights.FD_FDSTAT_SET_FLAGS).file().flags((int) a[1]);
  }

  private static String preopen(WasmProcess process, long fd) throws Fault {
    if (process.descriptors().get((int) fd).file() instanceof Directory directory) {
      return directory.preopenedAs().orElseThrow(() -> new Fault(Errno.BADF));
    }
    throw new Fault(Errno.BADF);
  }

  private static void prestat(WasmProcess process, Guest guest, long[] a) throws Fault {
    int length = Guest.encode(preopen(process, a[0])).length;
    guest.put((int) a[1], Guest.buffer(8).putInt(0, DIRECTORY_PREOPEN).putInt(4, length).array());
  }

  private static void prestatName(WasmProcess process, Guest guest, long[] a) throws Fault {
    byte[] name = Guest.encode(preopen(process, a[0]));
    if (Integer.compareUnsigned((int) a[2], name.length) < 0) {
      throw new Fault(Errno.NAMETOOLONG);
    }
    guest.put((int) a[1], name);
  }
}
