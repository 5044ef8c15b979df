package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.ProcessLimits;
import com.paiml.duende.linux.limits.Resource;
import com.paiml.duende.linux.process.Pidfd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** prlimit(2) and /proc/PID/oom_score_adj, which both go by number. */
final class KernelProcessLimits implements ProcessLimits {
  /** The width of the names in /proc/PID/limits. */
  private static final int NAME_WIDTH = 25;

  private final Kernel kernel;
  private final ControlFiles files;

  KernelProcessLimits(Kernel kernel) {
    this.kernel = kernel;
    this.files = new ControlFiles(kernel);
  }

  @Override
  public Limit get(Pidfd process, Resource resource) throws LinuxException {
    try {
      return limit(process, resource, null);
    } catch (LinuxException refused) {
      // Of another user's process, without CAP_SYS_RESOURCE; in its file everybody may read it.
      if (!refused.is(Errno.EPERM)) {
        throw refused;
      }
      Limit shown = shown(process, resource);
      requireHeld(process);
      return shown;
    }
  }

  /** By /proc/PID/limits, proc_pid_limits(5): below the heading a line for each resource, in the order of their numbers. */
  private Limit shown(Pidfd process, Resource resource) throws LinuxException {
    String line =
        files
            .read(Path.of("/proc/" + process.pid() + "/limits"))
            .lines()
            .skip(1 + resource.number())
            .findFirst()
            .orElse("");
    String[] columns = line.substring(Math.min(NAME_WIDTH, line.length())).strip().split("\\s+", 3);
    if (columns.length < 2) {
      throw new LinuxException(
          Errno.EINVAL,
          "read",
          "/proc/" + process.pid() + "/limits",
          "It has no line for RLIMIT_" + resource + ".");
    }
    return new Limit(value(columns[0]), value(columns[1]));
  }

  private static long value(String text) {
    return text.equals("unlimited") ? Limit.INFINITY : Long.parseUnsignedLong(text);
  }

  @Override
  public Limit set(Pidfd process, Resource resource, Limit limit) throws LinuxException {
    requireHeld(process);
    Limit before = limit(process, resource, limit);
    assert before != null;
    return get(process, resource);
  }

  private Limit limit(Pidfd process, Resource resource, @Nullable Limit wanted)
      throws LinuxException {
    Limit old = prlimit(kernel, process.pid(), resource, wanted);
    requireHeld(process);
    return old;
  }

  /** The limit as it was before the call; pid 0 is this process. */
  static Limit prlimit(Kernel kernel, int pid, Resource resource, @Nullable Limit wanted)
      throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment old = arena.allocate(Layouts.RLIMIT_SIZE, 8);
      MemorySegment now = arena.allocate(Layouts.RLIMIT_SIZE, 8);
      if (wanted != null) {
        now.set(Layouts.LONG, 0, wanted.soft());
        now.set(Layouts.LONG, 8, wanted.hard());
      }
      long result =
          kernel.raw(
              Call.PRLIMIT64,
              pid,
              resource.number(),
              wanted == null ? 0 : now.address(),
              old.address());
      String what = "RLIMIT_" + resource + (wanted == null ? "" : " " + wanted) + " of pid " + pid;
      if (Kernel.isErrno(result, Errno.EPERM)) {
        throw new LinuxException(
            Errno.EPERM,
            Call.PRLIMIT64.manualName(),
            what,
            "Raising a hard limit takes CAP_SYS_RESOURCE: stay within the hard limit, or start the"
                + " supervisor with a higher one.");
      }
      Kernel.check(result, Call.PRLIMIT64, what);
      return new Limit(old.get(Layouts.LONG, 0), old.get(Layouts.LONG, 8));
    }
  }

  @Override
  public int oomScoreAdjust(Pidfd process) throws LinuxException {
    String text = files.read(file(process));
    requireHeld(process);
    return Integer.parseInt(text);
  }

  @Override
  public void setOomScoreAdjust(Pidfd process, int score) throws LinuxException {
    requireHeld(process);
    files.write(file(process), Integer.toString(score));
    requireHeld(process);
  }

  private static Path file(Pidfd process) {
    return Path.of("/proc/" + process.pid() + "/oom_score_adj");
  }

  private static void requireHeld(Pidfd process) throws LinuxException {
    boolean held;
    try {
      held = process.sendSignal(0);
    } catch (LinuxException refused) {
      if (!refused.is(Errno.EPERM)) {
        throw refused;
      }
      held = true;
    }
    if (!held) {
      throw Kernel.error(-Errno.ESRCH.number(), Call.PRLIMIT64, "pid " + process.pid());
    }
  }
}
