package com.paiml.duende.observe.trace;

import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.proc.ProcFileSystem;
import com.paiml.duende.linux.proc.ProcessStat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The processes of a daemon and their threads, as they are now. */
public final class ProcessTree {
  private final ProcFileSystem proc;
  private final List<Integer> roots;

  public ProcessTree(ProcFileSystem proc, List<Long> roots) {
    this.proc = proc;
    this.roots = roots.stream().map(Long::intValue).toList();
  }

  /** The roots that are there, and all their descendants. */
  public Set<Integer> processes() throws LinuxException {
    Set<Integer> all = new LinkedHashSet<>();
    for (int root : roots) {
      if (proc.stat(root).isPresent()) {
        all.add(root);
        all.addAll(proc.descendants(root));
      }
    }
    return all;
  }

  /** The threads of a process; none when it is gone. */
  public static List<Integer> threads(int process) {
    List<Integer> threads = new ArrayList<>();
    String[] names = Path.of("/proc/" + process + "/task").toFile().list();
    if (names != null) {
      for (String name : names) {
        threads.add(Integer.parseInt(name));
      }
    }
    return threads;
  }

  /** Processor time of the roots, nanoseconds; their children's only once they were waited for. */
  public long cpuNanos() {
    long ticks = 0;
    for (int root : roots) {
      try {
        ticks += proc.stat(root).map(ProcessTree::ticks).orElse(0L);
      } catch (LinuxException unreadable) {
        return 0;
      }
    }
    return ticks * (1_000_000_000L / ProcFileSystem.TICKS);
  }

  private static long ticks(ProcessStat stat) {
    return stat.userTicks() + stat.systemTicks();
  }

  /** Whether none of the roots is there any more. */
  public boolean isGone() {
    return roots.stream().noneMatch(root -> Files.exists(Path.of("/proc/" + root + "/stat")));
  }
}
