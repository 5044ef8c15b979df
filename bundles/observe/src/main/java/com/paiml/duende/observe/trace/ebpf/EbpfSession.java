package com.paiml.duende.observe.trace.ebpf;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.bpf.BpfObjects;
import com.paiml.duende.linux.bpf.BpfRing;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.observe.trace.ProcessTree;
import com.paiml.duende.observe.trace.TraceFaults;
import com.paiml.duende.observe.trace.decode.Arguments;
import com.paiml.duende.observe.trace.decode.RawEvent;
import com.paiml.duende.observe.trace.stack.Frames;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceTarget;
import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Counts in the kernel, and sends single calls through a ring. One thread keeps the cost under the budget: it looks four times
 * a second. Whatever the programs hold lives by descriptors of this process alone.
 */
public final class EbpfSession implements TraceSession {
  private static final Logger LOG = System.getLogger("duende.observe");
  private static final int RING = 4 << 20;
  private static final long FIRST_LOOK_NANOS = 50_000_000;
  private static final long LOOK_NANOS = 250_000_000;
  private static final int MEASURED_LOOKS = 2;
  private static final long POLL_NANOS = 5_000_000;

  private final String name;
  private final TraceOptions options;
  private final Arguments arguments;
  private final ProcessTree tree;
  private final Maps maps;
  private final Probes probes;
  private final Budget budget;
  private final Frames frames = new Frames();
  private final Thread watcher;
  private volatile boolean closed;
  private final LongAdder unseen = new LongAdder();
  private volatile Window window;
  private volatile String fault = "";

  private EbpfSession(
      String name,
      TraceOptions options,
      Arguments arguments,
      ProcessTree tree,
      Maps maps,
      Probes probes,
      Budget budget) {
    this.name = name;
    this.options = options;
    this.arguments = arguments;
    this.tree = tree;
    this.maps = maps;
    this.probes = probes;
    this.budget = budget;
    this.window = new Window(System.nanoTime(), 0, tree.cpuNanos());
    this.watcher = Thread.ofPlatform().daemon().name("duende-trace-" + name).unstarted(this::watch);
  }

  /**
   * Begins.
   *
   * @param groupOffset of {@code tgid} in the kernel's {@code struct task_struct}, where it is known
   * @throws LinuxException where programs in the kernel are not permitted, or not there
   */
  public static EbpfSession open(
      Linux linux,
      Arguments arguments,
      TraceTarget target,
      TraceOptions options,
      OptionalInt groupOffset)
      throws LinuxException, DaemonException {
    BpfObjects bpf = linux.bpf();
    Level first =
        switch (options.detail()) {
          case COUNTS -> Level.COUNTED;
          case SUMS -> Level.TIMED;
          case EVENTS -> Level.EVENTS;
          case STACKS -> Level.STACKS;
        };
    Maps maps = new Maps(bpf, first, RING);
    Probes probes = null;
    try {
      kinds(maps, arguments, options);
      probes =
          new Probes(
              bpf,
              new Programs(linux.architecture(), maps, !options.syscalls().isEmpty()),
              groupOffset);
      ProcessTree tree = new ProcessTree(linux.proc(), target.pids());
      // Twice: whoever was born during the first look is found by the second, or by its parent's
      // mark.
      for (int i = 0; i < 2; i++) {
        for (int process : tree.processes()) {
          maps.watch(process);
        }
      }
      Budget budget = new Budget(options.budget(), first);
      probes.use(first);
      EbpfSession session =
          new EbpfSession(target.name(), options, arguments, tree, maps, probes, budget);
      session.watcher.start();
      return session;
    } catch (LinuxException | DaemonException refused) {
      if (probes != null) {
        probes.close();
      }
      maps.close();
      throw refused;
    }
  }

  private static void kinds(Maps maps, Arguments arguments, TraceOptions options)
      throws LinuxException, DaemonException {
    for (String wanted : options.syscalls()) {
      if (arguments.number(wanted).isEmpty()) {
        throw TraceFaults.unknownCall(wanted);
      }
    }
    byte[] kinds = new byte[Maps.CALLS];
    for (int call : arguments.calls()) {
      String name = arguments.name(call);
      int kind =
          options.syscalls().isEmpty() || options.syscalls().contains(name) ? Maps.WANTED : 0;
      OptionalInt path = arguments.path(name);
      if (path.isPresent()) {
        kind |= path.getAsInt() == 0 ? Maps.PATH_FIRST : Maps.PATH_SECOND;
      }
      if (call < Maps.CALLS) {
        kinds[call] = (byte) kind;
      }
    }
    maps.kinds(kinds);
  }

  private void watch() {
    Descriptor measuring = null;
    long measuredCalls = 0;
    int measuredLooks = 0;
    try {
      measuring = probes.measure();
      for (long look = FIRST_LOOK_NANOS; !closed; look = LOOK_NANOS) {
        LockSupport.parkNanos(look);
        if (closed) {
          break;
        }
        Window before = window;
        Window now = window();
        window = now;
        long calls = now.calls() - before.calls();
        long nanos = now.began() - before.began();
        measuredCalls += calls;
        measuredLooks++;
        if (measuring != null
            && (budget.measured(probes.runTime(), measuredCalls)
                || measuredLooks > MEASURED_LOOKS)) {
          measuring.close();
          measuring = null;
        }
        unseen.add(budget.unseen(calls, nanos, options.events()));
        Budget.Step step = budget.window(calls, nanos, now.cpu() - before.cpu());
        if (step == Budget.Step.CHANGE) {
          probes.use(budget.level());
          measuredCalls = 0;
          measuredLooks = 0;
          if (measuring == null) {
            measuring = probes.measure();
          }
          LOG.log(
              Logger.Level.INFO,
              "tracing {0}: now {1}, to stay under {2}",
              name,
              budget.level().words(),
              percent(options.budget()));
        }
        if (budget.level() == Level.PART) {
          probes.listen(budget.isListening());
        }
      }
    } catch (LinuxException e) {
      fault = e.getMessage();
      LOG.log(
          Logger.Level.WARNING, "tracing {0} is no longer kept under its budget: {1}", name, fault);
    } finally {
      if (measuring != null) {
        measuring.close();
      }
    }
  }

  /**
   * The state of the accounts at one time.
   *
   * @param began monotonic nanoseconds
   * @param calls of the daemon until then
   * @param cpu of the daemon until then, nanoseconds
   */
  private record Window(long began, long calls, long cpu) {}

  private Window window() throws LinuxException {
    return new Window(System.nanoTime(), maps.accounts().calls(), tree.cpuNanos());
  }

  private static String percent(double fraction) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * fraction);
  }

  @Override
  public String method() {
    StringBuilder words = new StringBuilder("eBPF in the kernel: " + budget.level().words());
    if (budget.level() == Level.PART) {
      words.append(" (").append(percent(budget.share())).append(")");
    }
    words
        .append(", ")
        .append(Math.round(budget.nanosPerCall()))
        .append(" ns a call")
        .append(budget.isMeasured() ? " as the kernel measured" : " by estimate");
    if (options.stacks()) {
      words.append("; ").append(frames.method());
    }
    if (!probes.followsChildren()) {
      words.append("; children born later are not seen: the kernel does not describe itself");
    }
    if (!fault.isEmpty()) {
      words.append("; ").append(fault);
    }
    return words.toString();
  }

  @Override
  public List<SyscallStats> statistics() throws DaemonException {
    List<SyscallStats> all = new ArrayList<>();
    try {
      Maps.Accounts accounts = maps.accounts();
      for (int call = 0; call < Maps.CALLS; call++) {
        long[] sums = accounts.of(call);
        if (sums[0] > 0 && sums[4] == 0) {
          all.add(SyscallStats.counted(arguments.name(call), sums[0]));
        } else if (sums[0] > 0) {
          // Calls that were only counted are taken to have been as those that were timed.
          double scale = (double) sums[0] / sums[4];
          all.add(
              new SyscallStats(
                  arguments.name(call),
                  sums[0],
                  Math.round(sums[1] * scale),
                  Math.round(sums[2] * scale),
                  sums[3]));
        }
      }
    } catch (LinuxException e) {
      throw ended(e);
    }
    all.sort(Comparator.comparingLong(SyscallStats::count).reversed());
    return all;
  }

  @Override
  public List<SyscallEvent> events(int max, Deadline deadline) throws DaemonException {
    List<RawEvent> raw = new ArrayList<>();
    BpfRing ring = maps.ring;
    try {
      while (ring != null && raw.isEmpty() && !closed) {
        int taken =
            ring.drain(max, bytes -> raw.add(RingRecord.read(bytes, frames::isReturnAddress)));
        if (taken == 0) {
          if (deadline.remaining().isZero() || Thread.currentThread().isInterrupted()) {
            break;
          }
          LockSupport.parkNanos(Math.min(POLL_NANOS, deadline.remaining().toNanos()));
        }
      }
    } catch (LinuxException e) {
      throw ended(e);
    }
    List<List<String>> stacks = options.stacks() ? frames.of(raw) : List.of();
    List<SyscallEvent> events = new ArrayList<>(raw.size());
    for (int i = 0; i < raw.size(); i++) {
      events.add(arguments.event(raw.get(i), stacks.isEmpty() ? List.of() : stacks.get(i)));
    }
    return events;
  }

  private DaemonException ended(LinuxException e) {
    return closed
        ? new DaemonException(
            ErrorCode.INVALID_STATE, name, "its tracing has ended", "attach again", e)
        : TraceFaults.of(name, e);
  }

  @Override
  public long lost() {
    try {
      return maps.accounts().lost() + unseen.sum();
    } catch (LinuxException closedMeanwhile) {
      return unseen.sum();
    }
  }

  @Override
  public double cost() {
    Window last = window;
    try {
      return budget.cost(
          Math.max(0, maps.accounts().calls() - last.calls()), System.nanoTime() - last.began());
    } catch (LinuxException closedMeanwhile) {
      return budget.cost(0, 0);
    }
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(watcher);
    try {
      if (!watcher.join(java.time.Duration.ofSeconds(10))) {
        LOG.log(Logger.Level.WARNING, "the tracer of {0} does not end", name);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    probes.close();
    maps.close();
  }
}
