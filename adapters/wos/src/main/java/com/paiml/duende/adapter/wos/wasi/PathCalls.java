package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.fs.Directory;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import com.paiml.duende.adapter.wos.kernel.FdTable;
import com.paiml.duende.adapter.wos.kernel.Guest;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import java.util.List;

/** What can be done by a path from a directory. */
final class PathCalls {

  /** In bytes, as PATH_MAX of limits.h. */
  private static final int LONGEST_PATH = 4096;

  private static final int FOLLOW = 1;
  private static final int O_CREAT = 1;
  private static final int O_DIRECTORY = 2;
  private static final int O_EXCL = 4;
  private static final int O_TRUNC = 8;

  private PathCalls() {}

  static List<Call> all() {
    return List.of(
        Call.of("path_open", "iiiiillii", PathCalls::open),
        Call.of(
            "path_create_directory",
            "iii",
            (p, g, a) ->
                at(p, a[0], Rights.PATH_CREATE_DIRECTORY).createDirectory(path(g, a[1], a[2]))),
        Call.of(
            "path_remove_directory",
            "iii",
            (p, g, a) ->
                at(p, a[0], Rights.PATH_REMOVE_DIRECTORY).removeDirectory(path(g, a[1], a[2]))),
        Call.of(
            "path_unlink_file",
            "iii",
            (p, g, a) -> at(p, a[0], Rights.PATH_UNLINK_FILE).unlink(path(g, a[1], a[2]))),
        Call.of("path_filestat_get", "iiiii", PathCalls::stat),
        Call.of("path_filestat_set_times", "iiiilli", PathCalls::setTimes),
        Call.of("path_link", "iiiiiii", PathCalls::link),
        Call.of("path_readlink", "iiiiii", PathCalls::readLink),
        Call.of("path_rename", "iiiiii", PathCalls::rename),
        Call.of("path_symlink", "iiiii", PathCalls::symlink));
  }

  /** A path, which is not to be a large part of the heap before it is found to be too long. */
  private static String path(Guest guest, long at, long length) throws Fault {
    if (Integer.compareUnsigned((int) length, LONGEST_PATH) > 0) {
      throw new Fault(Errno.NAMETOOLONG);
    }
    return guest.text((int) at, (int) length);
  }

  private static Directory at(WasmProcess process, long fd, long rights) throws Fault {
    return process.descriptors().get((int) fd, rights, Directory.class, Errno.NOTDIR);
  }

  private static void open(WasmProcess process, Guest guest, long[] a) throws Fault {
    int how = (int) a[4];
    boolean create = (how & O_CREAT) != 0;
    boolean truncate = (how & O_TRUNC) != 0;
    long needed =
        Rights.PATH_OPEN
            | (create ? Rights.PATH_CREATE_FILE : 0)
            | (truncate ? Rights.PATH_FILESTAT_SET_SIZE : 0);
    Directory directory = at(process, a[0], needed);
    FdTable.Descriptor base = process.descriptors().get((int) a[0]);
    long wanted = a[5];
    boolean reading = (wanted & (Rights.FD_READ | Rights.FD_READDIR)) != 0;
    boolean writing =
        (wanted
                & (Rights.FD_WRITE | Rights.FD_ALLOCATE | Rights.FD_FILESTAT_SET_SIZE)
                & base.inheriting())
            != 0;
    OpenFile opened =
        directory.open(
            path(guest, a[2], a[3]),
            new Directory.Opening(
                create,
                (how & O_DIRECTORY) != 0,
                (how & O_EXCL) != 0,
                truncate,
                ((int) a[1] & FOLLOW) != 0),
            reading,
            writing,
            (int) a[7]);
    long rights = wanted & base.inheriting() & opened.rights();
    long inheriting =
        opened instanceof Directory below ? a[6] & base.inheriting() & below.rightsBelow() : 0;
    int fd = process.descriptors().add(opened, rights, inheriting);
    guest.put32((int) a[8], fd);
  }

  private static void stat(WasmProcess process, Guest guest, long[] a) throws Fault {
    Directory directory = at(process, a[0], Rights.PATH_FILESTAT_GET);
    boolean follow = ((int) a[1] & FOLLOW) != 0;
    FileCalls.putStat(guest, (int) a[4], directory.stat(path(guest, a[2], a[3]), follow));
  }

  private static void setTimes(WasmProcess process, Guest guest, long[] a) throws Fault {
    Directory directory = at(process, a[0], Rights.PATH_FILESTAT_SET_TIMES);
    FileCalls.Times times = FileCalls.Times.of(a[4], a[5], (int) a[6]);
    boolean follow = ((int) a[1] & FOLLOW) != 0;
    directory.setTimes(path(guest, a[2], a[3]), follow, times.accessed(), times.modified());
  }

  private static void link(WasmProcess process, Guest guest, long[] a) throws Fault {
    Directory from = at(process, a[0], Rights.PATH_LINK_SOURCE);
    Directory to = at(process, a[4], Rights.PATH_LINK_TARGET);
    from.link(path(guest, a[2], a[3]), ((int) a[1] & FOLLOW) != 0, to, path(guest, a[5], a[6]));
  }

  private static void readLink(WasmProcess process, Guest guest, long[] a) throws Fault {
    byte[] target =
        Guest.encode(at(process, a[0], Rights.PATH_READLINK).readLink(path(guest, a[1], a[2])));
    int n = Integer.compareUnsigned(target.length, (int) a[4]) > 0 ? (int) a[4] : target.length;
    guest.put((int) a[3], target, 0, n);
    guest.put32((int) a[5], n);
  }

  private static void rename(WasmProcess process, Guest guest, long[] a) throws Fault {
    Directory from = at(process, a[0], Rights.PATH_RENAME_SOURCE);
    Directory to = at(process, a[3], Rights.PATH_RENAME_TARGET);
    from.rename(path(guest, a[1], a[2]), to, path(guest, a[4], a[5]));
  }

  private static void symlink(WasmProcess process, Guest guest, long[] a) throws Fault {
    Directory directory = at(process, a[2], Rights.PATH_SYMLINK);
    directory.symlink(path(guest, a[0], a[1]), path(guest, a[3], a[4]));
  }
}
