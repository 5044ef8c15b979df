package com.paiml.duende.ublk.targets;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.ring.Syscalls;

/** Opens a file as a target. */
public final class Targets {
  private static final int BLOCK = 4096;

  private Targets() {}

  /**
   * Opens a file or a block device. A file that is not there is made, and one that is shorter made longer, without taking room
   * for it.
   *
   * @param size bytes; 0: as large as it is
   * @param direct whether it is read and written past the page cache; then in blocks of 4096
   */
  public static Backing file(Syscalls calls, String path, long size, boolean direct)
      throws DaemonException {
    try {
      int flags =
          Syscalls.O_RDWR
              | (size > 0 && !path.startsWith("/dev/") ? Syscalls.O_CREAT : 0)
              | (direct ? calls.direct() : 0);
      Descriptor file = calls.open(path, flags);
      try {
        return sized(calls, file, path, size, direct);
      } catch (DaemonException | LinuxException refused) {
        file.close();
        throw refused;
      }
    } catch (LinuxException refused) {
      ErrorCode code =
          refused.is(Errno.EACCES) || refused.is(Errno.EPERM)
              ? ErrorCode.PERMISSION_DENIED
              : refused.is(Errno.ENOENT) ? ErrorCode.NOT_FOUND : ErrorCode.IO;
      throw new DaemonException(code, path, refused.getMessage(), "", refused);
    }
  }

  private static Backing sized(
      Syscalls calls, Descriptor file, String path, long size, boolean direct)
      throws DaemonException, LinuxException {
    long there = calls.end(file, path);
    long wanted = size == 0 ? there : size;
    int block = direct ? BLOCK : 512;
    if (wanted == 0 || wanted % block != 0) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          path,
          "has " + wanted + " bytes, which is no multiple of " + block,
          "write --size");
    }
    if (there < wanted) {
      long longer = calls.call("ftruncate", file.number(), wanted, 0);
      if (longer < 0) {
        throw new DaemonException(
            ErrorCode.CONFIGURATION,
            path,
            "has " + there + " bytes, cannot be made longer, and " + wanted + " are wanted",
            "write a smaller --size, or take a larger one");
      }
    }
    return new OnRing(file, wanted, block);
  }
}
