package com.paiml.duende.observe.trace.sampling;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.observe.trace.ProcessTree;
import com.paiml.duende.observe.trace.Sums;
import com.paiml.duende.observe.trace.TraceFaults;
import com.paiml.duende.observe.trace.decode.Arguments;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceTarget;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Looks a hundred times a second in which call each thread is, {@code /proc/PID/task/TID/syscall}. Counts are of looks, not of
 * calls: short calls are missed, and long ones are counted again. The daemon is not stopped for it.
 */
public final class SamplingSession implements TraceSession {
  private static final Logger LOG = System.getLogger("duende.observe");
  private static final long PERIOD_NANOS = 10_000_000;
  private static final int MOST_LOOKS = 2_000;

  private final Linux linux;
  private final Arguments arguments;
  private final TraceTarget target;
  private final TraceOptions options;
  private final ProcessTree tree;
  private final String why;
  private final Sums sums = new Sums();
  private final Thread thread;
  private volatile boolean closed;
  private final LongAdder skipped = new LongAdder();
  private final LongAdder spent = new LongAdder();
  private volatile long began;

  private SamplingSession(
      Linux linux, Arguments arguments, TraceTarget target, TraceOptions options, String why) {
    this.linux = linux;
    this.arguments = arguments;
    this.target = target;
    this.options = options;
    this.why = why;
    this.tree = new ProcessTree(linux.proc(), target.pids());
    this.thread =
        Thread.ofPlatform().daemon().name("duende-trace-" + target.name()).unstarted(this::sample);
  }

  /** Begins; refused where even that file is not ours to read. */
  public static SamplingSession open(
      Linux linux, Arguments arguments, TraceTarget target, TraceOptions options, String why)
      throws LinuxException, DaemonException {
    for (String wanted : options.syscalls()) {
      if (arguments.number(wanted).isEmpty()) {
        throw TraceFaults.unknownCall(wanted);
      }
    }
    SamplingSession session = new SamplingSession(linux, arguments, target, options, why);
    boolean found = false;
    for (int process : session.tree.processes()) {
      found |= linux.proc().file(process, "syscall").isPresent();
    }
    if (!found) {
      throw new LinuxException(Errno.ESRCH, "open", target.name(), "It has ended: start it again.");
    }
    session.began = System.nanoTime();
    session.thread.start();
    return session;
  }

  private void sample() {
    try {
      while (!closed) {
        LockSupport.parkNanos(PERIOD_NANOS);
        long before = System.nanoTime();
        round();
        spent.add(System.nanoTime() - before);
      }
    } catch (LinuxException e) {
      LOG.log(Level.WARNING, "sampling of {0} has ended: {1}", target.name(), e.getMessage());
    }
  }

  private void round() throws LinuxException {
    int left = MOST_LOOKS;
    for (int process : tree.processes()) {
      for (int one : ProcessTree.threads(process)) {
        if (left-- <= 0) {
          skipped.increment();
        } else {
          String line = linux.proc().file(process, "task/" + one + "/syscall").orElse("").strip();
          count(line);
        }
      }
    }
  }

  /** The number first; "running" outside of calls, -1 where it waits for another reason. */
  private void count(String line) {
    int blank = line.indexOf(' ');
    if (blank > 0 && line.charAt(0) != '-') {
      String name = arguments.name(Integer.parseInt(line.substring(0, blank)));
      if (options.syscalls().isEmpty() || options.syscalls().contains(name)) {
        sums.add(name, false, PERIOD_NANOS);
      }
    }
  }

  @Override
  public String method() {
    return "samples of /proc, 100 a second, because "
        + why
        + "; counts are of samples, times are multiples of 10 ms, single calls and stacks are not"
        + " seen";
  }

  @Override
  public List<SyscallStats> statistics() {
    return sums.list();
  }

  @Override
  public List<SyscallEvent> events(int max, Deadline deadline) {
    LockSupport.parkNanos(
        Math.min(deadline.remaining().toNanos(), Duration.ofMillis(100).toNanos()));
    return List.of();
  }

  /** Threads that were too many to be looked at. */
  @Override
  public long lost() {
    return skipped.sum();
  }

  /** Of our own processor: the daemon's threads are not touched. */
  @Override
  public double cost() {
    return began == 0 ? 0 : (double) spent.sum() / Math.max(1, System.nanoTime() - began);
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      if (!thread.join(Duration.ofSeconds(10))) {
        LOG.log(Level.WARNING, "the sampling of {0} does not end", target.name());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
