package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.util.Optional;

/** The few files of proc(5) that identify a process. */
final class ProcFiles {
  private static final int STATE = 3;
  private static final int START_TIME = 22;
  private static final int EXIT_CODE = 52;

  private final Kernel kernel;

  ProcFiles(Kernel kernel) {
    this.kernel = kernel;
  }

  String bootId() throws LinuxException {
    return kernel.readFile("/proc/sys/kernel/random/boot_id").strip();
  }

  /** Field 22 of /proc/PID/stat; empty when there is no such process. */
  Optional<Long> startTime(int pid) throws LinuxException {
    return stat(pid).map(fields -> Long.parseLong(fields[START_TIME - STATE]));
  }

  /**
   * The wait status that a zombie shows. The kernel shows 0 to those who may not know, so 0 says
   * nothing and is given as empty.
   */
  Optional<Integer> zombieStatus(int pid) throws LinuxException {
    return stat(pid)
        .filter(fields -> fields[0].equals("Z") && fields.length > EXIT_CODE - STATE)
        .map(fields -> Integer.parseInt(fields[EXIT_CODE - STATE]))
        .filter(status -> status != 0);
  }

  /** The fields from the third on: the second, the name, may hold spaces and parentheses. */
  private Optional<String[]> stat(int pid) throws LinuxException {
    try {
      String line = kernel.readFile("/proc/" + pid + "/stat").stripTrailing();
      return Optional.of(line.substring(line.lastIndexOf(')') + 2).split(" ", -1));
    } catch (LinuxException gone) {
      if (gone.is(Errno.ENOENT) || gone.is(Errno.ESRCH)) {
        return Optional.empty();
      }
      throw gone;
    }
  }
}
