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
  private static final Path CHILDREN = Path.of("/proc/thread-self/children");
  private static final int MANY_THREADS = 100;

  private final ProcFileSystem proc;
  private final List<Integer> roots;

  /** CONFIG_PROC_CHILDREN, proc_tid_children(5). */
  private final boolean listsChildren = Files.exists(CHILDREN);

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
        add(root, all);
      }
    }
    return all;
  }

  /**
   * The kernel's own list of the children of each thread, where it has one: reading it takes as long as the daemon has threads,
   * while looking for parents takes as long as the machine has processes.
   */
  private void add(int process, Set<Integer> all) throws LinuxException {
    List<Integer> threads = threads(process);
    if (!listsChildren || threads.size() > MANY_THREADS) {
      all.addAll(proc.descendants(process));
      return;
    }
    for (int thread : threads) {
      String children = proc.file(process, "task/" + thread + "/children").orElse("").strip();
      for (String child : children.isEmpty() ? new String[0] : children.split(" ")) {
        int number = Integer.parseInt(child);
        if (all.add(number)) {
          add(number, all);
        }
      }
    }
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
