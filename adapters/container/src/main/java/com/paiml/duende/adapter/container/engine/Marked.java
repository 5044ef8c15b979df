package com.paiml.duende.adapter.container.engine;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.spi.Deadline;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * Ends a command beside a daemon with everything that it has started: engines can start one, and cannot kill it. Its
 * processes are found by a variable in their environment, and by their parents.
 */
public final class Marked {
  /** The variable. */
  public static final String VARIABLE = "DUENDE_EXEC";

  private static final int SIGKILL = 9;
  private static final long PAUSE_NANOS = 2_000_000;

  private final Linux linux;
  private final String mark;
  private final Set<Integer> known = new LinkedHashSet<>();

  /**
   * @param mark the variable's value, unlike any other's
   * @param root the command's own process as this machine numbers it; 0 when that is not known
   */
  public Marked(Linux linux, String mark, long root) {
    this.linux = linux;
    this.mark = VARIABLE + "=" + mark;
    if (root > 0) {
      known.add((int) root);
    }
  }

  /** The processes that are there now. */
  public List<Integer> pids() throws LinuxException {
    Set<Integer> found = new LinkedHashSet<>();
    for (int root : List.copyOf(known)) {
      if (linux.proc().stat(root).filter(s -> s.state() != 'Z').isPresent()) {
        found.add(root);
        found.addAll(linux.proc().descendants(root));
      }
    }
    for (int pid : linux.proc().pids()) {
      if (isMarked(pid)) {
        found.add(pid);
      }
    }
    known.addAll(found);
    return List.copyOf(found);
  }

  private boolean isMarked(int pid) {
    try {
      return linux
          .proc()
          .file(pid, "environ")
          .filter(e -> List.of(e.split("\0", -1)).contains(mark))
          .isPresent();
    } catch (LinuxException e) {
      // Somebody else's: not ours to see, and not ours.
      return false;
    }
  }

  /**
   * Kills until none is left.
   *
   * @return what is left when the time is over
   * @throws LinuxException {@code EPERM} when they may not be killed from here
   */
  public List<Integer> kill(Deadline deadline) throws LinuxException {
    while (true) {
      List<Integer> left = pids();
      if (left.isEmpty() || deadline.hasPassed()) {
        return left;
      }
      for (int pid : left) {
        try (Pidfd held = linux.processes().open(pid)) {
          // The number may have passed to a stranger since it was read.
          if (isMarked(pid) || known.contains(pid)) {
            boolean _ = held.sendSignal(SIGKILL);
          }
        } catch (LinuxException e) {
          if (e.errno().equals("EPERM")) {
            throw e;
          }
        }
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }
}
