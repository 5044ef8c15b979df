package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.file.FileRanges;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.util.OptionalLong;

/** fallocate(2) and lseek(2) by path. */
final class KernelFileRanges implements FileRanges {
  // linux/falloc.h
  private static final int KEEP_SIZE = 1;
  private static final int PUNCH_HOLE = 2;
  private static final int COLLAPSE_RANGE = 8;
  // linux/fs.h
  private static final int SEEK_DATA = 3;

  private final Kernel kernel;

  KernelFileRanges(Kernel kernel) {
    this.kernel = kernel;
  }

  @Override
  public void collapse(Path file, long bytes) throws LinuxException {
    allocate(file, COLLAPSE_RANGE, 0, bytes);
  }

  @Override
  public void punch(Path file, long offset, long bytes) throws LinuxException {
    allocate(file, PUNCH_HOLE | KEEP_SIZE, offset, bytes);
  }

  private void allocate(Path file, int mode, long offset, long bytes) throws LinuxException {
    try (Fd fd = kernel.open(file.toString(), Kernel.O_RDWR, 0)) {
      long result;
      do {
        result = fd.use(n -> kernel.raw(Call.FALLOCATE, n, mode, offset, bytes));
      } while (Kernel.isErrno(result, Errno.EINTR));
      Kernel.check(result, Call.FALLOCATE, file.toString());
    }
  }

  @Override
  public OptionalLong firstData(Path file, long offset) throws LinuxException {
    try (Fd fd = kernel.open(file.toString(), Kernel.O_RDONLY, 0)) {
      long at = fd.use(n -> kernel.raw(Call.LSEEK, n, offset, SEEK_DATA));
      return Kernel.isErrno(at, Errno.ENXIO)
          ? OptionalLong.empty()
          : OptionalLong.of(Kernel.check(at, Call.LSEEK, file.toString()));
    }
  }
}
