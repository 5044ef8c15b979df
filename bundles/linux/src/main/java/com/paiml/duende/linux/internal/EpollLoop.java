package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** epoll_pwait(2) on a thread of its own; on two in turn, once a handler has handed the loop over. */
final class EpollLoop implements EventLoop {
  private static final int CTL_ADD = 1;
  private static final int CTL_DEL = 2;
  private static final int CTL_MOD = 3;
  private static final int BATCH = 256;
  private static final long STOP = 0;
  private static final Duration JOIN = Duration.ofSeconds(30);
  private static final Duration JOIN_LOOK = Duration.ofMillis(100);
  private static final ValueLayout.OfInt EVENTS = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfLong DATA = ValueLayout.JAVA_LONG_UNALIGNED;

  private final Kernel kernel;
  private final FaultListener faults;
  private final int eventSize;
  private final int dataOffset;
  private final Fd epoll;
  private final EventCounter stop;
  private final String name;
  private final Thread main;
  // Whose turn it is; what the comments below call the loop's thread. It alone writes this.
  private volatile Thread leader;
  private volatile boolean otherRests;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicLong lastKey = new AtomicLong(STOP);
  // A key, never the descriptor's number: a late event of a number that was reused finds nobody.
  private final ConcurrentHashMap<Long, Watched> watched = new ConcurrentHashMap<>();
  // From the first successor on.
  private volatile @Nullable Succession succession;
  // From the first hand-over on.
  private volatile @Nullable Thread second;
  // Only the loop's thread touches these.
  private boolean isLast;
  private @Nullable Runnable errand;
  // As many entries as adopted processes that just ended.
  private final PriorityQueue<Deferred> deferred =
      new PriorityQueue<>(Comparator.comparingLong(Deferred::at));

  private record Deferred(long at, Runnable what) {}

  /** A handler that needs its own watch, which it may see before {@link #watch} has returned. */
  @FunctionalInterface
  interface SelfHandler {
    void ready(Watch self, Readiness readiness) throws LinuxException;
  }

  private EpollLoop(Kernel kernel, String name, FaultListener faults, Fd epoll, EventCounter stop) {
    this.kernel = kernel;
    this.faults = faults;
    this.epoll = epoll;
    this.stop = stop;
    // sys/epoll.h: packed on x86-64 only
    this.eventSize = kernel.architecture() == Architecture.X86_64 ? 12 : 16;
    this.dataOffset = kernel.architecture() == Architecture.X86_64 ? 4 : 8;
    this.name = name;
    this.main = Thread.ofPlatform().daemon().name(name).unstarted(this::run);
    this.leader = main;
  }

  static EpollLoop start(Kernel kernel, String name, FaultListener faults) throws LinuxException {
    Fd epoll =
        new Fd(
            kernel,
            (int)
                Kernel.check(
                    kernel.raw(Call.EPOLL_CREATE1, Kernel.O_CLOEXEC), Call.EPOLL_CREATE1, name));
    EventCounter stop;
    try {
      stop = EventCounter.create(kernel);
    } catch (LinuxException full) {
      epoll.close();
      throw full;
    }
    EpollLoop loop = new EpollLoop(kernel, name, faults, epoll, stop);
    try {
      loop.control(CTL_ADD, stop.descriptor(), Readiness.IN, STOP, "stop");
    } catch (LinuxException full) {
      stop.close();
      epoll.close();
      throw full;
    }
    loop.main.start();
    return loop;
  }

  /**
   * As {@link com.paiml.duende.linux.process.SuccessionWatch#arm}.
   *
   * @param told on the loop's thread
   */
  boolean arm(
      Watch watch,
      Successor next,
      Fd process,
      BitSet codes,
      BitSet signals,
      Path population,
      Consumer<Successor.Result> told)
      throws LinuxException {
    if (!(watch instanceof Watched one) || closed.get()) {
      return false;
    }
    Succession all = succession();
    boolean armed = all.arm(one.key, next, process, codes, signals, population, told);
    // Whoever closes this disarms what there is then.
    return armed && !(closed.get() && all.disarm(one.key));
  }

  /** The loop waits by other code from now on: it is woken. */
  private synchronized Succession succession() throws LinuxException {
    Succession now = succession;
    if (now == null) {
      now = new Succession(VforkCode.map(kernel));
      succession = now;
      stop.signal();
    }
    return now;
  }

  /** @return false when the machine code has taken it */
  boolean disarm(Watch watch) {
    Succession all = succession;
    return all == null || !(watch instanceof Watched one) || all.disarm(one.key);
  }

  /** A descriptor under watch. */
  private final class Watched implements Watch {
    private final long key;
    private final String what;
    private final Descriptor descriptor;
    private final SelfHandler handler;

    Watched(long key, String what, Descriptor descriptor, SelfHandler handler) {
      this.key = key;
      this.what = what;
      this.descriptor = descriptor;
      this.handler = handler;
    }

    @Override
    public void close() {
      if (watched.remove(key) == null) {
        return;
      }
      try {
        control(CTL_DEL, descriptor, 0, key, what);
      } catch (LinuxException gone) {
        // Closed before its watch: the kernel has dropped it from the set already.
        if (!gone.is(Errno.EBADF) && !gone.is(Errno.ENOENT)) {
          faults.fault(what, gone);
        }
      }
    }

    void dispatch(int bits) {
      try {
        handler.ready(this, new Readiness(bits));
      } catch (Throwable fault) {
        close();
        faults.fault(what, fault);
      }
    }
  }

  @Override
  public Watch watch(String what, Descriptor descriptor, int bits, Handler handler)
      throws LinuxException {
    return watch(what, descriptor, bits, (self, readiness) -> handler.ready(readiness));
  }

  Watch watch(String what, Descriptor descriptor, int bits, SelfHandler handler)
      throws LinuxException {
    if (closed.get()) {
      throw new LinuxException(
          Errno.EBADF, "epoll_ctl", what, "The event loop was closed: use a running one.");
    }
    Watched one = new Watched(lastKey.incrementAndGet(), what, descriptor, handler);
    watched.put(one.key, one);
    try {
      control(CTL_ADD, descriptor, bits, one.key, what);
    } catch (LinuxException refused) {
      watched.remove(one.key);
      throw refused;
    }
    return one;
  }

  @Override
  public void change(Watch watch, int bits) throws LinuxException {
    if (watch instanceof Watched one) {
      control(CTL_MOD, one.descriptor, bits, one.key, one.what);
    }
  }

  /** Runs something later on the loop's thread; to be called on that thread only. */
  void defer(Duration delay, Runnable what) {
    deferred.add(new Deferred(System.nanoTime() + delay.toNanos(), what));
  }

  private void control(int operation, Descriptor descriptor, int bits, long key, String what)
      throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment event = arena.allocate(eventSize, 8);
      event.set(EVENTS, 0, bits);
      event.set(DATA, dataOffset, key);
      Fd.Use<Long> call =
          number ->
              epoll.use(e -> kernel.raw(Call.EPOLL_CTL, e, operation, number, event.address()));
      long result = descriptor instanceof Fd fd ? fd.use(call) : call.with(descriptor.number());
      Kernel.check(result, Call.EPOLL_CTL, what);
    }
  }

  @Override
  public int size() {
    return watched.size();
  }

  @Override
  public boolean handOver(Runnable first) {
    Thread here = Thread.currentThread();
    if (!here.equals(leader) || !isLast || closed.get()) {
      return false;
    }
    Thread next = here.equals(main) ? second : main;
    if (next != null && !otherRests) {
      return false;
    }
    isLast = false;
    otherRests = false;
    errand = first;
    if (next != null) {
      leader = next;
      LockSupport.unpark(next);
      return true;
    }
    Thread made = Thread.ofPlatform().daemon().name(name + "-2").unstarted(this::run);
    leader = made;
    try {
      made.start();
      second = made;
      return true;
    } catch (OutOfMemoryError noThread) {
      errand = null;
      leader = here;
      return false;
    }
  }

  /** Until it is this thread's turn again. */
  private void rest() {
    otherRests = true;
    while (!Thread.currentThread().equals(leader) && !closed.get()) {
      LockSupport.park(this);
    }
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment events = arena.allocate((long) eventSize * BATCH, 8);
      int number = epoll.acquire();
      try {
        while (!closed.get()) {
          if (!Thread.currentThread().equals(leader)) {
            rest();
            continue;
          }
          runErrand();
          if (!turn(number, events)) {
            return;
          }
        }
      } finally {
        epoll.release();
      }
    } catch (Throwable fault) {
      faults.fault(Thread.currentThread().getName() + " ended", fault);
    }
  }

  private void runErrand() {
    Runnable what = errand;
    if (what != null) {
      errand = null;
      try {
        what.run();
      } catch (RuntimeException | Error fault) {
        faults.fault("what was to be done first", fault);
      }
    }
  }

  /** @return false when it is to end */
  private boolean turn(int number, MemorySegment events) throws LinuxException {
    Succession successors = succession;
    long got =
        successors == null
            ? kernel.raw(Call.EPOLL_PWAIT, number, events.address(), BATCH, timeoutMillis(), 0, 8)
            : successors.await(number, events, BATCH, timeoutMillis());
    if (Kernel.isErrno(got, Errno.EINTR)) {
      return true;
    }
    Kernel.check(got, Call.EPOLL_PWAIT, name);
    Map<Long, Runnable> taken =
        successors == null || successors.isEmpty() ? Map.of() : taken(successors, events, got);
    boolean stopping = false;
    for (int i = 0; i < got; i++) {
      long at = (long) eventSize * i;
      long key = events.get(DATA, at + dataOffset);
      Runnable end = taken.get(key);
      if (key == STOP) {
        stopping = closed.get();
        boolean _ = stop.take() > 0;
      } else if (end != null) {
        isLast = i == got - 1;
        tell(end);
      } else if (!stopping) {
        Watched one = watched.get(key);
        if (one != null) {
          isLast = i == got - 1;
          one.dispatch(events.get(EVENTS, at));
        }
      }
      if (!Thread.currentThread().equals(leader)) {
        return true;
      }
      isLast = false;
    }
    if (stopping) {
      return false;
    }
    runDeferred();
    return true;
  }

  /** Whom the machine code has reaped, and perhaps given a successor: nobody else knows of that one. */
  private Map<Long, Runnable> taken(Succession successors, MemorySegment events, long got) {
    Map<Long, Runnable> all = new HashMap<>();
    for (int i = 0; i < got; i++) {
      long key = events.get(DATA, (long) eventSize * i + dataOffset);
      Runnable end = successors.taken(key);
      if (end != null) {
        all.put(key, end);
      }
    }
    return all;
  }

  private void tell(Runnable end) {
    try {
      end.run();
    } catch (RuntimeException | Error fault) {
      faults.fault("the end of a child", fault);
    }
  }

  private long timeoutMillis() {
    Deferred next = deferred.peek();
    if (next == null) {
      return -1;
    }
    long left = next.at() - System.nanoTime();
    return left <= 0 ? 0 : Math.min(Integer.MAX_VALUE, left / 1_000_000 + 1);
  }

  private void runDeferred() {
    long now = System.nanoTime();
    for (Deferred d = deferred.peek(); d != null && d.at() - now <= 0; d = deferred.peek()) {
      deferred.remove();
      try {
        d.what().run();
      } catch (RuntimeException | Error fault) {
        faults.fault("deferred", fault);
      }
    }
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      stop.signal();
    } catch (LinuxException impossible) {
      faults.fault("stop", impossible);
    }
    LockSupport.unpark(main);
    LockSupport.unpark(second);
    joinUninterruptibly();
    watched.clear();
    Succession successors = succession;
    if (successors != null) {
      successors.disarmAll();
    }
    epoll.close();
    stop.close();
  }

  /** Not for a thread that a handler keeps: that one sees on its return that this has ended. */
  private void joinUninterruptibly() {
    long end = System.nanoTime() + JOIN.toNanos();
    boolean interrupted = false;
    // Who handed it over as it was closed is not waited for, but the one who got it.
    for (Thread last = leader;
        last.isAlive() && !last.equals(Thread.currentThread());
        last = leader) {
      if (end - System.nanoTime() <= 0) {
        faults.fault(name, new IllegalStateException("a handler blocks the loop for 30 s"));
        break;
      }
      try {
        var _ = last.join(JOIN_LOOK);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
