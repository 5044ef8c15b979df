package com.paiml.duende.observe.trace.ptrace;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.observe.trace.EventQueue;
import com.paiml.duende.observe.trace.ProcessTree;
import com.paiml.duende.observe.trace.Sums;
import com.paiml.duende.observe.trace.TraceFaults;
import com.paiml.duende.observe.trace.decode.Arguments;
import com.paiml.duende.observe.trace.decode.RawEvent;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceTarget;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Stops every thread at the beginning and the end of each call. That is slow, so it listens for short whiles only, as many as
 * the budget pays for, and lets the threads run freely in between; what it missed meanwhile is estimated and counted as lost.
 *
 * <p>No seccomp filter chooses the calls: into a running process one would have to be put by force, could never be taken out
 * again, and without its tracer would turn each of those calls into an error. The kernel lets go of everything that is
 * attached when the thread that attached it is gone, however that came.
 */
public final class PtraceSession implements TraceSession {
  private static final Logger LOG = System.getLogger("duende.observe");
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int SIGTRAP = 5;
  private static final int CALL_STOP = SIGTRAP | 0x80;
  private static final int STOPPED = 0x7f;
  private static final int EVENT_STOP = 128;

  /** How long is listened at a time, and until when is looked without a rest for the next stop. */
  private static final long WHILE_NANOS = 20_000_000;

  private static final long SPIN_NANOS = 200_000;
  private static final long REST_NANOS = 200_000;

  /** Waking this thread and the other one again, beside what is measured here; an estimate. */
  private static final long SWITCHES_NANOS = 8_000;

  private static final class Tracee {
    boolean inCall;
    long began;
    int call;
    List<Long> arguments = List.of();
    String path = "";
  }

  private final Linux linux;
  private final Arguments arguments;
  private final TraceTarget target;
  private final TraceOptions options;
  private final ProcessTree tree;
  private final String why;
  private final Map<Integer, Tracee> tracees = new HashMap<>();
  private final Sums sums = new Sums();
  private final EventQueue events = new EventQueue();
  private final CompletableFuture<Optional<LinuxException>> attached = new CompletableFuture<>();
  private final Thread thread;
  private volatile boolean closed;
  private final DoubleAdder costNanos = new DoubleAdder();
  private final DoubleAdder baseNanos = new DoubleAdder();
  private volatile double share = 1;

  // Of the thread that traces.
  private boolean listening = true;
  private long spent;

  private PtraceSession(
      Linux linux, Arguments arguments, TraceTarget target, TraceOptions options, String why) {
    this.linux = linux;
    this.arguments = arguments;
    this.target = target;
    this.options = options;
    this.why = why;
    this.tree = new ProcessTree(linux.proc(), target.pids());
    this.thread =
        Thread.ofPlatform().daemon().name("duende-trace-" + target.name()).unstarted(this::trace);
  }

  /**
   * Attaches.
   *
   * @param why why it is done this way
   * @throws LinuxException {@code EPERM} where that is not permitted, or somebody else traces it
   */
  public static PtraceSession open(
      Linux linux,
      Arguments arguments,
      TraceTarget target,
      TraceOptions options,
      String why,
      Deadline deadline)
      throws LinuxException, DaemonException {
    for (String wanted : options.syscalls()) {
      if (arguments.number(wanted).isEmpty()) {
        throw TraceFaults.unknownCall(wanted);
      }
    }
    PtraceSession session = new PtraceSession(linux, arguments, target, options, why);
    session.thread.start();
    try {
      Optional<LinuxException> refused =
          session.attached.get(
              Math.min(deadline.remaining().toMillis(), PATIENCE.toMillis()),
              TimeUnit.MILLISECONDS);
      if (refused.isPresent()) {
        throw refused.get();
      }
      return session;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      session.close();
      throw late(target);
    } catch (ExecutionException | TimeoutException e) {
      session.close();
      throw late(target);
    }
  }

  private static LinuxException late(TraceTarget target) {
    return new LinuxException(
        Errno.ETIMEDOUT, "ptrace", target.name(), "It could not be attached in time: try again.");
  }

  private void trace() {
    try (PtraceCalls ptrace = new PtraceCalls(linux)) {
      Optional<LinuxException> refused = attach(ptrace);
      boolean _ = attached.complete(refused);
      if (refused.isEmpty()) {
        run(ptrace);
      }
      detach(ptrace);
    } catch (RuntimeException | LinuxException e) {
      LOG.log(Level.ERROR, "tracing " + target.name(), e);
      boolean _ = attached.completeExceptionally(e);
    }
  }

  private Optional<LinuxException> attach(PtraceCalls ptrace) throws LinuxException {
    // Until no new thread is found: those that are attached report their own children.
    for (boolean found = true; found; ) {
      found = false;
      for (int process : tree.processes()) {
        for (int one : ProcessTree.threads(process)) {
          if (!tracees.containsKey(one)) {
            long result = ptrace.seize(one);
            if (result == 0) {
              tracees.put(one, new Tracee());
              ptrace.request(PtraceCalls.INTERRUPT, one, 0);
              found = true;
            } else if (result != -Errno.ESRCH.number()) {
              return Optional.of(
                  new LinuxException(
                      (int) -result,
                      "ptrace",
                      "process " + process,
                      "It takes the same user or CAP_SYS_PTRACE, and nobody else who traces it."));
            }
          }
        }
      }
    }
    return tracees.isEmpty()
        ? Optional.of(
            new LinuxException(
                Errno.ESRCH, "ptrace", target.name(), "It has ended: start it again."))
        : Optional.empty();
  }

  private void run(PtraceCalls ptrace) {
    long windowBegan = System.nanoTime();
    long cpuBefore = tree.cpuNanos();
    long callsBefore = 0;
    long lastStop = System.nanoTime();
    double credit = 0;
    double ratePerNano = 0;
    double each = 0;
    while (!closed && !tracees.isEmpty()) {
      long thread = ptrace.next();
      if (thread > 0) {
        long began = System.nanoTime();
        handle(ptrace, (int) thread, ptrace.status());
        lastStop = System.nanoTime();
        spent += lastStop - began + SWITCHES_NANOS;
      } else if (thread < 0 && thread != -Errno.EINTR.number()) {
        return;
      } else if (System.nanoTime() - lastStop > SPIN_NANOS) {
        LockSupport.parkNanos(REST_NANOS);
      } else {
        Thread.onSpinWait();
      }
      long now = System.nanoTime();
      long window = now - windowBegan;
      if (window < WHILE_NANOS) {
        continue;
      }
      long cpu = tree.cpuNanos();
      double base = Math.max(window, cpu - cpuBefore);
      long calls = sums.all() - callsBefore;
      if (listening) {
        ratePerNano = calls / (double) window;
        each = spent / base;
      } else {
        events.lose(Math.round(ratePerNano * window));
      }
      costNanos.add((double) spent);
      baseNanos.add(base);
      // What is saved up is bounded: a daemon that was idle for an hour is not slowed for minutes.
      credit = Math.min(options.budget() * base - spent + credit, WHILE_NANOS);
      spent = 0;
      windowBegan = now;
      cpuBefore = cpu;
      callsBefore = sums.all();
      boolean unlimited = options.budget() >= 1;
      boolean next = unlimited || credit >= 0;
      share = unlimited || each <= options.budget() ? 1 : options.budget() / each;
      if (next && !listening) {
        tracees.keySet().forEach(t -> ptrace.request(PtraceCalls.INTERRUPT, t, 0));
      }
      listening = next;
    }
  }

  private void handle(PtraceCalls ptrace, int thread, int status) {
    if ((status & 0xff) != STOPPED) {
      // It has ended, by itself or by a signal.
      Tracee _ = tracees.remove(thread);
      return;
    }
    Tracee tracee = tracees.computeIfAbsent(thread, t -> new Tracee());
    int signal = status >> 8 & 0xff;
    int event = status >> 16;
    int pass = 0;
    if (signal == CALL_STOP) {
      call(ptrace, thread, tracee);
    } else if (event == EVENT_STOP) {
      tracee.inCall = false;
      if (signal != SIGTRAP) {
        // The daemon itself was stopped by a signal, and is to stay so.
        ptrace.request(PtraceCalls.LISTEN, thread, 0);
        return;
      }
    } else if (event == 0) {
      pass = signal;
    }
    if (!listening) {
      tracee.inCall = false;
    }
    ptrace.request(listening ? PtraceCalls.SYSCALL : PtraceCalls.CONT, thread, pass);
  }

  private void call(PtraceCalls ptrace, int thread, Tracee tracee) {
    if (!ptrace.look(thread)) {
      return;
    }
    if (ptrace.kind() == PtraceCalls.INFO_ENTRY) {
      tracee.call = (int) ptrace.call();
      tracee.inCall = true;
      List<Long> values = new ArrayList<>(6);
      for (int i = 0; i < 6; i++) {
        values.add(ptrace.argument(i));
      }
      tracee.arguments = values;
      String name = arguments.name(tracee.call);
      OptionalInt path = arguments.path(name);
      tracee.path =
          options.events() && path.isPresent() && wanted(name)
              ? ptrace.text(thread, values.get(path.getAsInt()))
              : "";
      tracee.began = System.nanoTime();
    } else if (ptrace.kind() == PtraceCalls.INFO_EXIT && tracee.inCall) {
      tracee.inCall = false;
      long end = System.nanoTime();
      String name = arguments.name(tracee.call);
      if (wanted(name)) {
        long result = ptrace.result();
        sums.add(name, result < 0 && result >= -4095, end - tracee.began);
        if (options.events()) {
          events.put(
              arguments.event(
                  new RawEvent(
                      end,
                      0,
                      thread,
                      tracee.call,
                      result,
                      end - tracee.began,
                      tracee.arguments,
                      tracee.path,
                      List.of()),
                  List.of()));
        }
      }
    }
  }

  private boolean wanted(String name) {
    return options.syscalls().isEmpty() || options.syscalls().contains(name);
  }

  /** A thread can only be let go while it is stopped: each is stopped once more, with a deadline. */
  private void detach(PtraceCalls ptrace) {
    Set<Integer> left = new HashSet<>(tracees.keySet());
    left.forEach(t -> ptrace.request(PtraceCalls.INTERRUPT, t, 0));
    Deadline deadline = Deadline.after(PATIENCE);
    while (!left.isEmpty() && !deadline.remaining().isZero()) {
      long thread = ptrace.next();
      if (thread == 0) {
        LockSupport.parkNanos(REST_NANOS);
        continue;
      }
      if (thread < 0 && thread != -Errno.EINTR.number()) {
        return;
      }
      int status = ptrace.status();
      int signal = (status & 0xff) == STOPPED ? status >> 8 & 0xff : 0;
      boolean own = signal == SIGTRAP || signal == CALL_STOP || status >> 16 != 0;
      ptrace.request(PtraceCalls.DETACH, (int) thread, own ? 0 : signal);
      left.remove((int) thread);
    }
  }

  @Override
  public String method() {
    return "ptrace, because "
        + why
        + (share < 1
            ? String.format(Locale.ROOT, "; listening %.1f %% of the time", 100 * share)
            : "")
        + (options.stacks() ? "; without stacks" : "");
  }

  @Override
  public List<SyscallStats> statistics() {
    return sums.list();
  }

  @Override
  public List<SyscallEvent> events(int max, Deadline deadline) {
    return events.take(max, deadline);
  }

  @Override
  public long lost() {
    return events.lost();
  }

  @Override
  public double cost() {
    return costNanos.sum() / Math.max(1, baseNanos.sum());
  }

  @Override
  public void close() {
    closed = true;
    try {
      if (!thread.join(PATIENCE.plusSeconds(2))) {
        LOG.log(Level.WARNING, "the tracer of {0} does not end", target.name());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
