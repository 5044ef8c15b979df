package com.paiml.duende.adapter.wos;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.kernel.CallTrace;
import com.paiml.duende.adapter.wos.kernel.Session;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/** A tracing of the host calls, which are a module's system calls. Sees the processes that are there when it begins. */
final class HostCallTracing implements TraceSession, CallTrace {

  /** Two clock readings and a few counters: an estimate, not a measurement. */
  private static final long NANOS_PER_CALL = 150;

  private static final int QUEUE = 8192;

  private static final class Sums {
    final LongAdder count = new LongAdder();
    final LongAdder errors = new LongAdder();
    final LongAdder nanos = new LongAdder();
    final LongAccumulator max = new LongAccumulator(Math::max, 0);
  }

  private final Session session;
  private final TraceOptions options;
  private final Map<String, Sums> sums = new ConcurrentHashMap<>();
  private final BlockingQueue<SyscallEvent> events = new ArrayBlockingQueue<>(QUEUE);
  private final LongAdder calls = new LongAdder();
  private final LongAdder lost = new LongAdder();
  private final long began = System.nanoTime();
  private final long cpuBefore;

  HostCallTracing(Session session, TraceOptions options) {
    this.session = session;
    this.options = options;
    this.cpuBefore = session.cpu();
    session.members().forEach(p -> p.trace(this));
  }

  @Override
  public void called(int pid, String name, long[] arguments, Errno result, long from, long nanos) {
    if (!options.syscalls().isEmpty() && !options.syscalls().contains(name)) {
      return;
    }
    calls.increment();
    Sums of = sums.computeIfAbsent(name, n -> new Sums());
    of.count.increment();
    of.nanos.add(nanos);
    of.max.accumulate(nanos);
    if (result != Errno.SUCCESS) {
      of.errors.increment();
    }
    if (options.events()) {
      String shown =
          Arrays.stream(arguments).mapToObj(Long::toString).collect(Collectors.joining(", "));
      SyscallEvent event =
          new SyscallEvent(from + nanos, pid, name, shown, -result.code(), nanos, List.of());
      if (!events.offer(event)) {
        lost.increment();
      }
    }
  }

  @Override
  public String method() {
    return "host calls of the WebAssembly kernel, counted where they are served; estimated at "
        + NANOS_PER_CALL
        + " ns each";
  }

  @Override
  public List<SyscallStats> statistics() {
    return sums.entrySet().stream()
        .map(
            e ->
                new SyscallStats(
                    e.getKey(),
                    e.getValue().count.sum(),
                    e.getValue().errors.sum(),
                    e.getValue().nanos.sum(),
                    e.getValue().max.get()))
        .sorted((a, b) -> Long.compare(b.count(), a.count()))
        .toList();
  }

  @Override
  public List<SyscallEvent> events(int max, Deadline deadline) {
    List<SyscallEvent> taken = new ArrayList<>();
    try {
      SyscallEvent first = events.poll(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
      if (first != null) {
        taken.add(first);
        int more = events.drainTo(taken, max - 1);
        assert more < max;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return taken;
  }

  @Override
  public long lost() {
    return lost.sum();
  }

  @Override
  public double cost() {
    long cpu = Math.max(session.cpu() - cpuBefore, System.nanoTime() - began);
    return (double) calls.sum() * NANOS_PER_CALL / Math.max(1, cpu);
  }

  @Override
  public void close() {
    session.members().forEach(p -> p.trace(null));
  }
}
