package com.paiml.duende.ublk.guard;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.MemoryLocking;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.control.Feature;
import com.paiml.duende.ublk.ring.Syscalls;
import com.paiml.duende.ublk.serve.ThreadSetup;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/**
 * The six measures of a process that serves swap. A server that needs a page which is in its own swap waits for itself, for
 * ever, and the machine with it: without the first measure that takes seconds under memory pressure.
 *
 * <p>Each measure is asked of the kernel again after it was taken; what counts is the answer. Taken once for a process, and once
 * on each thread that serves.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/PR_SET_IO_FLUSHER.2const.html">PR_SET_IO_FLUSHER(2const)</a>
 */
public final class SwapGuard {
  // linux/prctl.h
  private static final int PR_SET_IO_FLUSHER = 57;

  /** linux/sched.h: PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE, what the prctl sets, in field 9 of /proc/PID/stat. */
  private static final long IO_FLUSHER_FLAGS = 0x00080000L | 0x00100000L;

  // linux/sched.h, linux/mount.h
  private static final int CLONE_NEWNS = 0x00020000;
  private static final int MS_REC = 0x4000;
  private static final int MS_PRIVATE = 1 << 18;

  private static final Path SELF = Path.of("/proc/self");
  private static final int FLAGS_FIELD = 6; // after the name and the state

  private final Linux linux;
  private final Syscalls calls;
  private final Queue<Integer> threads = new ConcurrentLinkedQueue<>();
  private final Queue<String> refusals = new ConcurrentLinkedQueue<>();

  public SwapGuard(Linux linux, Syscalls calls) {
    this.linux = linux;
    this.calls = calls;
  }

  /**
   * Takes the measures of the process. Before memory is locked the heap ought to be as large as it will get: {@code -Xms} and
   * {@code -Xmx} alike, with {@code -XX:+AlwaysPreTouch}.
   */
  public void prepare() {
    try {
      linux
          .memoryLocking()
          .lockAll(
              EnumSet.of(
                  MemoryLocking.Scope.CURRENT,
                  MemoryLocking.Scope.FUTURE,
                  MemoryLocking.Scope.ON_FAULT));
    } catch (LinuxException refused) {
      boolean _ = refusals.add(refused.getMessage());
    }
    write(SELF.resolve("oom_score_adj"), "-1000");
    swapControl().ifPresent(file -> write(file, "0"));
  }

  /**
   * Has all there that was locked and never touched: code of the JVM that has not run, stacks. While the JVM stands still for
   * one of its own operations, the threads that serve do, too; a thread that then touches such a page looks for memory, which
   * under a limit is found only when something has been swapped out. To be called when all threads run.
   */
  public void populate() {
    for (Mapping mapping : Mapping.all()) {
      if (!mapping.isNeeded()) {
        continue;
      }
      try {
        linux
            .memoryLocking()
            .lock(MemorySegment.ofAddress(mapping.start()).reinterpret(mapping.bytes()), false);
      } catch (LinuxException refused) {
        boolean _ = refusals.add(mapping.path() + ": " + refused.getMessage());
      }
    }
  }

  /**
   * Takes the one measure that every server needs: the thread is not made to wait for dirty pages to be written, for it may be
   * the one who writes them. Without it a file that is written through the page cache, under a file system that is too, waits
   * for itself as soon as enough is dirty.
   */
  public ThreadSetup flusher() {
    return () -> {
      boolean _ = threads.add(calls.thread());
      refused("prctl(PR_SET_IO_FLUSHER)", calls.call("prctl", PR_SET_IO_FLUSHER, 1, 0));
    };
  }

  /** Takes the measures of a thread that serves swap. */
  public ThreadSetup forThread() {
    return () -> {
      flusher().prepare();
      long unshared = calls.call("unshare", CLONE_NEWNS, 0, 0);
      refused("unshare(CLONE_NEWNS)", unshared);
      if (unshared == 0) {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment root = arena.allocateFrom("/");
          MemorySegment none = arena.allocateFrom("none");
          refused(
              "mount(MS_PRIVATE)",
              calls.call("mount", none.address(), root.address(), 0, MS_REC | MS_PRIVATE, 0, 0));
        }
      }
    };
  }

  private void refused(String call, long result) {
    if (result < 0) {
      boolean _ = refusals.add(call + " was refused with error " + -result);
    }
  }

  private void write(Path file, String text) {
    try {
      Path _ = Files.writeString(file, text);
    } catch (IOException refused) {
      boolean _ = refusals.add(file + " cannot be written: " + refused.getMessage());
    }
  }

  /** Where this process's share of swap is set: the unified hierarchy, and not at its root. */
  private static Optional<Path> swapControl() {
    try {
      for (String line : Files.readAllLines(SELF.resolve("cgroup"))) {
        if (line.startsWith("0::")) {
          Path file = Path.of("/sys/fs/cgroup" + line.substring(3), "memory.swap.max");
          return Files.exists(file) ? Optional.of(file) : Optional.empty();
        }
      }
      return Optional.empty();
    } catch (IOException unreadable) {
      return Optional.empty();
    }
  }

  /** What the kernel refused, in its order; the reasons behind what is not held. */
  public List<String> refusals() {
    return List.copyOf(refusals);
  }

  /** What the kernel says of all six now. */
  public List<Measure> measures(DeviceInfo device) {
    List<Measure> all = new ArrayList<>();
    all.add(locked());
    all.add(flushers());
    all.add(namespaces());
    all.add(score());
    all.add(noSwap());
    boolean recovers = device.features().contains(Feature.USER_RECOVERY);
    all.add(
        new Measure(
            "user recovery",
            recovers,
            device.blockPath()
                + (recovers ? " waits for the next server" : " goes with this server")));
    return all;
  }

  /**
   * Refuses where one of them is not held.
   *
   * @throws DaemonException {@code policy}, with what is not held and what the kernel refused
   */
  public void require(List<Measure> measures) throws DaemonException {
    List<String> missing =
        measures.stream().filter(each -> !each.held()).map(Measure::toString).toList();
    if (!missing.isEmpty()) {
      throw new DaemonException(
          ErrorCode.POLICY,
          "swap guard",
          String.join("; ", missing)
              + (refusals.isEmpty() ? "" : " (" + String.join("; ", refusals) + ")"),
          "run as root with CAP_SYS_RESOURCE and CAP_IPC_LOCK, or say --guard report");
    }
  }

  private static Measure locked() {
    // Of what is resident: VmLck also counts what was never touched.
    long resident = figure("smaps_rollup", "Pss:");
    long locked = figure("smaps_rollup", "Locked:");
    long swapped = figure("status", "VmSwap:");
    long absent =
        Mapping.all().stream()
                .filter(Mapping::isNeeded)
                .mapToLong(mapping -> mapping.bytes() - mapping.resident())
                .sum()
            >> 10;
    return new Measure(
        "memory locked",
        resident > 0
            && locked >= resident - resident / 50
            && absent <= resident / 50
            && swapped == 0,
        "Locked "
            + locked
            + " of "
            + resident
            + " kB resident, "
            + absent
            + " kB never touched, VmSwap "
            + swapped
            + " kB");
  }

  /**
   * All threads, also the JVM's own, which are only when the process was started so: one that makes a mapping looks for memory
   * with the lock of all mappings in its hands, and who serves may need that lock.
   */
  private static Measure flushers() {
    int held = 0;
    int all = 0;
    for (String thread : tasks()) {
      String stat = text(SELF.resolve("task/" + thread + "/stat"));
      if (stat.isEmpty()) {
        continue;
      }
      all++;
      String[] fields = stat.substring(stat.lastIndexOf(')') + 1).trim().split(" ");
      if (fields.length > FLAGS_FIELD
          && (Long.parseLong(fields[FLAGS_FIELD]) & IO_FLUSHER_FLAGS) == IO_FLUSHER_FLAGS) {
        held++;
      }
    }
    return new Measure(
        "io-flusher on every thread",
        held == all && held > 0,
        held
            + " of "
            + all
            + " have the flag in /proc/self/task/TID/stat"
            + (held == all ? "" : ": write io_flusher = true into [native]"));
  }

  private static List<String> tasks() {
    try (Stream<Path> tasks = Files.list(SELF.resolve("task"))) {
      return tasks.map(task -> task.getFileName().toString()).toList();
    } catch (IOException unreadable) {
      return List.of();
    }
  }

  private Measure namespaces() {
    String mine = link(SELF.resolve("ns/mnt"));
    long apart =
        threads.stream()
            .map(thread -> link(SELF.resolve("task/" + thread + "/ns/mnt")))
            .filter(each -> !each.isEmpty() && !each.equals(mine))
            .count();
    return new Measure(
        "own mount namespace",
        apart == threads.size() && apart > 0,
        apart + " of " + threads.size() + " threads are in another than " + mine);
  }

  private static Measure score() {
    String score = text(SELF.resolve("oom_score_adj")).trim();
    return new Measure("spared by the OOM killer", score.equals("-1000"), "oom_score_adj " + score);
  }

  private static Measure noSwap() {
    long swapped = figure("status", "VmSwap:");
    Optional<Path> file = swapControl();
    if (file.isPresent()) {
      String most = text(file.get()).trim();
      return new Measure(
          "no swap for itself",
          most.equals("0") && swapped == 0,
          "memory.swap.max " + most + ", VmSwap " + swapped + " kB");
    }
    return new Measure(
        "no swap for itself",
        swapped == 0 && figure("status", "VmLck:") > 0,
        "VmSwap "
            + swapped
            + " kB, all of it locked; it has no control group whose swap could be taken");
  }

  private static long figure(String file, String key) {
    for (String line : text(SELF.resolve(file)).split("\n")) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return -1;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException gone) {
      return "";
    }
  }

  private static String link(Path file) {
    try {
      return Files.readSymbolicLink(file).toString();
    } catch (IOException gone) {
      return "";
    }
  }
}
