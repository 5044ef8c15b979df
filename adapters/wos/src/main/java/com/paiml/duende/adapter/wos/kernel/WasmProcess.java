package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.engine.Instances;
import com.paiml.duende.adapter.wos.engine.MemoryAccount;
import com.paiml.duende.adapter.wos.engine.Suspension;
import com.paiml.duende.adapter.wos.fs.WaitQueue;
import com.paiml.duende.adapter.wos.fs.Waiter;
import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.api.Signal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import run.endive.runtime.ExportFunction;
import run.endive.runtime.GlobalInstance;
import run.endive.runtime.Instance;
import run.endive.runtime.Memory;
import run.endive.wasm.WasmEngineException;
import run.endive.wasm.types.ExternalType;

/** One WebAssembly process. What is not said to be for any thread is for its own. */
public final class WasmProcess implements Runnable, Waiter, Suspension {

  /** WebAssembly's C compilers use so many bytes below the stack pointer without saying so. */
  private static final int RED_ZONE = 128;

  private static final int STACK_ALIGNMENT = 16;

  private final Kernel kernel;
  private final Dispatcher dispatcher;
  private final int pid;
  private final Session session;
  private final Image image;
  private final List<String> args;
  private final FdTable descriptors;
  private final MemoryAccount memory;
  private final Tape tape;
  private final ProcessThread thread;
  private final Instant started = Instant.now();
  private final long spawnedAt;
  private final WaitQueue childEnded = new WaitQueue();
  private final AtomicInteger pendingSignals = new AtomicInteger();
  private volatile Priority priority;
  private volatile int parent;

  /** Guarded by the dispatcher's lock; read by any thread. */
  volatile boolean onCpu;

  volatile boolean wantsCpu;
  volatile boolean stopped;
  volatile long cpuAtEnd;

  /** When it was last given the CPU. Guarded by the dispatcher's lock. */
  long turnAt;

  private volatile long beganAt;

  private volatile @Nullable Signal killedBy;
  private volatile boolean yieldAsked;
  private volatile long yieldAskedAt;
  private volatile @Nullable CallTrace trace;
  private volatile @Nullable ExitStatus status;
  private volatile boolean announcedMemory;
  private volatile @Nullable Memory linear;
  private boolean inHost;
  private boolean inHandler;

  /** A handler has run since the last wait: the next one ends at once, or what it waits for may have been missed. */
  private boolean handledSinceWait;

  private @Nullable Guest guest;
  private @Nullable ExportFunction handler;
  private @Nullable GlobalInstance stackPointer;

  WasmProcess(
      Kernel kernel,
      Dispatcher dispatcher,
      int pid,
      int parent,
      Session session,
      Image image,
      List<String> args,
      FdTable descriptors,
      MemoryAccount memory,
      Priority priority,
      Tape tape,
      long stackSize) {
    this.kernel = kernel;
    this.dispatcher = dispatcher;
    this.pid = pid;
    this.parent = parent;
    this.session = session;
    this.image = image;
    this.args = args;
    this.descriptors = descriptors;
    this.memory = memory;
    this.priority = priority;
    this.tape = tape;
    this.spawnedAt = System.nanoTime();
    this.thread = new ProcessThread(this, stackSize);
  }

  /** {@return the process on whose thread this is called} */
  public static WasmProcess current() {
    if (Thread.currentThread() instanceof ProcessThread t) {
      return t.process();
    }
    throw new IllegalStateException("a host call on a thread that belongs to no process");
  }

  // ---- for any thread

  public int pid() {
    return pid;
  }

  public int parent() {
    return parent;
  }

  void parent(int adopter) {
    parent = adopter;
  }

  public Session session() {
    return session;
  }

  public Image image() {
    return image;
  }

  public List<String> args() {
    return args;
  }

  public FdTable descriptors() {
    return descriptors;
  }

  public MemoryAccount memory() {
    return memory;
  }

  public Kernel kernel() {
    return kernel;
  }

  public Priority priority() {
    return priority;
  }

  public Instant started() {
    return started;
  }

  /** {@return {@link System#nanoTime()} when it was spawned} */
  public long spawnedAt() {
    return spawnedAt;
  }

  /** {@return {@link System#nanoTime()} when it ran its first instruction; 0 while it has not} */
  public long beganAt() {
    return beganAt;
  }

  ProcessThread thread() {
    return thread;
  }

  /** {@return how it ended; empty while it has not} */
  public Optional<ExitStatus> status() {
    return Optional.ofNullable(status);
  }

  /** {@return CPU time that it was given, in nanoseconds} */
  public long cpu() {
    return dispatcher.cpu(this);
  }

  /** {@return how often it was given the CPU} */
  public long turns() {
    return dispatcher.turns(this);
  }

  /** {@return the level that it waits or runs at now} */
  public int effectiveLevel() {
    return dispatcher.effectiveLevel(this);
  }

  public ProcessState state() {
    if (status != null) {
      return ProcessState.ZOMBIE;
    }
    if (stopped) {
      return onCpu ? ProcessState.RUNNING : ProcessState.STOPPED;
    }
    if (onCpu) {
      return ProcessState.RUNNING;
    }
    if (wantsCpu) {
      return dispatcher.throttled(this) ? ProcessState.THROTTLED : ProcessState.READY;
    }
    return ProcessState.SLEEPING;
  }

  /**
   * Looks into its memory, for tools and tests. What is seen may be in the middle of a change.
   *
   * @return the 8 bytes at that address; 0 when it has no memory there (yet)
   */
  public long peek(int address) {
    Memory seen = linear;
    if (seen == null || address < 0 || address + 8L > (long) seen.pages() * Memory.PAGE_SIZE) {
      return 0;
    }
    return seen.readLong(address);
  }

  /** Traces its host calls from now on; {@code null} ends that. */
  public void trace(@Nullable CallTrace sink) {
    trace = sink;
  }

  /** Sends a signal. Harmless when it has ended. */
  public void signal(Signal signal) {
    switch (signal) {
      case KILL -> kill(signal);
      case STOP -> dispatcher.stop(this);
      case CONT -> dispatcher.resume(this);
      case TERM, INT, HUP, QUIT, USR1, USR2 -> {
        if (image.signals() == Image.SignalStyle.DEFAULT) {
          kill(signal);
        } else {
          pendingSignals.getAndUpdate(bits -> bits | 1 << signal.number());
          attention();
          LockSupport.unpark(thread);
        }
      }
    }
  }

  private void kill(Signal signal) {
    if (killedBy == null || signal == Signal.KILL) {
      killedBy = signal;
    }
    attention();
    LockSupport.unpark(thread);
  }

  /** Changes its priority from now on. */
  public void nice(Priority level) {
    priority = level;
    dispatcher.renice(this, level);
  }

  void attention() {
    thread.attention();
  }

  void askToYield(long now) {
    yieldAskedAt = now;
    yieldAsked = true;
    attention();
  }

  boolean killed() {
    return killedBy != null;
  }

  ProcessKilled death() {
    Signal by = killedBy;
    return new ProcessKilled(by == null ? Signal.KILL : by);
  }

  void begin() {
    thread.start();
  }

  // ---- its own thread

  @Override
  public void run() {
    ExitStatus how;
    try {
      how = live();
    } catch (ProcessExit e) {
      how = new ExitStatus.Exited(e.code());
    } catch (ProcessKilled e) {
      how = new ExitStatus.Signalled(e.signal());
    } catch (ReplayOver e) {
      how = new ExitStatus.Signalled(e.signal());
    } catch (ReplayDiverged e) {
      how = trapped(String.valueOf(e.getMessage()));
    } catch (StackOverflowError e) {
      how = trapped("call stack exhausted");
    } catch (OutOfMemoryError e) {
      how = new ExitStatus.Trapped("the container's heap is exhausted", true);
    } catch (WasmEngineException e) {
      how = trapped(String.valueOf(e.getMessage()));
    } catch (Throwable e) {
      how = trapped("internal error: " + e);
      kernel.internalError(this, e);
    }
    // From here on it is the kernel's: nothing that the JDK asks of the thread is a safepoint any
    // more.
    inHost = true;
    linear = null;
    guest = null;
    handler = null;
    stackPointer = null;
    tape.ended(how);
    kernel.ended(this, how);
  }

  void status(ExitStatus how) {
    status = how;
  }

  private ExitStatus trapped(String what) {
    return new ExitStatus.Trapped(what, memory.refusals() > 0);
  }

  private ExitStatus live() {
    dispatcher.enter(this);
    Instance made = Instances.create(image, kernel.imports(), memory, this);
    linear = made.memory();
    if (image.signals() == Image.SignalStyle.EXPORT_ANYWHERE
        || image.signals() == Image.SignalStyle.EXPORT_AT_CALLS) {
      stackPointer = exportedStackPointer(made);
      handler = made.export(Image.SIGNAL_EXPORT);
      // One may have come before there was a handler.
      attention();
    }
    beganAt = System.nanoTime();
    long[] nothing = made.export(Instance.START_FUNCTION_NAME).apply();
    return new ExitStatus.Exited(nothing == null ? 0 : nothing.length);
  }

  private @Nullable GlobalInstance exportedStackPointer(Instance made) {
    for (int i = 0; i < image.module().exportSection().exportCount(); i++) {
      var export = image.module().exportSection().getExport(i);
      if (export.name().equals("__stack_pointer") && export.exportType() == ExternalType.GLOBAL) {
        return made.exports().global("__stack_pointer");
      }
    }
    return null;
  }

  /** Somewhere in the module's code. */
  @Override
  public void safepoint() {
    if (inHost || !thread.wantsAttention()) {
      return;
    }
    StackReserve.check();
    thread.attended();
    if (killedBy != null) {
      throw death();
    }
    if (image.signals() == Image.SignalStyle.EXPORT_ANYWHERE && tape.idle()) {
      deliver();
    }
    yieldIfAsked();
  }

  private void yieldIfAsked() {
    if (yieldAsked || stopped) {
      if (yieldAsked) {
        yieldAsked = false;
        kernel.yielded(System.nanoTime() - yieldAskedAt);
      }
      dispatcher.giveWay(this);
    }
    if (killedBy != null) {
      throw death();
    }
  }

  private void deliver() {
    while (handler != null && !inHandler) {
      Optional<Signal> next = takeSignal();
      if (next.isEmpty()) {
        return;
      }
      handle(next.get());
    }
  }

  private void handle(Signal signal) {
    ExportFunction function = handler;
    if (function == null) {
      return;
    }
    GlobalInstance pointer = stackPointer;
    long before = pointer == null ? 0 : pointer.getValue();
    inHandler = true;
    handledSinceWait = true;
    try {
      if (pointer != null) {
        pointer.setValue((before - RED_ZONE) & -STACK_ALIGNMENT);
      }
      long[] nothing = function.apply(signal.number());
      assert nothing == null || nothing.length == 0 : "wos_signal has no result";
    } finally {
      inHandler = false;
      if (pointer != null) {
        pointer.setValue(before);
      }
    }
  }

  /** {@return the pending signal with the smallest number; it is pending no more} */
  public Optional<Signal> takeSignal() {
    int bits = pendingSignals.get();
    if (bits == 0) {
      return Optional.empty();
    }
    int number = Integer.numberOfTrailingZeros(bits);
    pendingSignals.getAndUpdate(now -> now & ~(1 << number));
    return Signal.of(number);
  }

  private boolean signalIsDue() {
    return pendingSignals.get() != 0 && !inHandler;
  }

  /** A host call of this process. Returns what the module is answered. */
  public Errno call(String name, HostCall body, Instance caller, long[] arguments) {
    StackReserve.check();
    Guest view = guest;
    if (view == null) {
      view = new Guest(caller.memory(), tape);
      guest = view;
    }
    CallTrace sink = trace;
    long began = sink == null ? 0 : System.nanoTime();
    Errno answer;
    inHost = true;
    try {
      answer =
          tape.idle()
              ? perform(body, view, arguments)
              : tape.call(name, arguments, new TapedCall(name, body, view, arguments));
    } finally {
      inHost = false;
    }
    if (sink != null) {
      sink.called(pid, name, arguments, answer, began, System.nanoTime() - began);
    }
    afterCall();
    if (answer == Errno.INTR) {
      handledSinceWait = false;
    }
    return answer;
  }

  private Errno perform(HostCall body, Guest view, long[] arguments) {
    try {
      body.on(this, view, arguments);
      return Errno.SUCCESS;
    } catch (Fault e) {
      return e.errno();
    }
  }

  private final class TapedCall implements Tape.Call {
    private final String name;
    private final HostCall body;
    private final Guest view;
    private final long[] arguments;

    TapedCall(String name, HostCall body, Guest view, long[] arguments) {
      this.name = name;
      this.body = body;
      this.view = view;
      this.arguments = arguments;
    }

    @Override
    public Errno really() {
      return perform(body, view, arguments);
    }

    @Override
    public void poke(int address, byte[] data) {
      try {
        view.put(address, data);
      } catch (Fault e) {
        throw new ReplayDiverged(name + " wrote outside of the memory");
      }
    }

    @Override
    public void replayOutput() {
      Errno written = perform(body, view, arguments);
      if (written != Errno.SUCCESS) {
        throw new ReplayDiverged(name + " answers " + written.symbol());
      }
    }
  }

  private void afterCall() {
    if (!tape.idle()) {
      Optional<Signal> due =
          handler != null && !inHandler && killedBy == null ? takeSignal() : Optional.empty();
      if (!inHandler) {
        tape.signal(due).ifPresent(this::handle);
      }
    } else if (pendingSignals.get() != 0) {
      deliver();
    }
    if (thread.wantsAttention()) {
      thread.attended();
      yieldIfAsked();
    }
  }

  @Override
  public void await(WaitQueue queue, BooleanSupplier ready) throws Fault {
    Fault interrupted = new Fault(Errno.INTR);
    if (pause(List.of(queue), ready, Long.MAX_VALUE, true) == Pause.SIGNALLED) {
      throw interrupted;
    }
  }

  /** Why a wait ended. */
  public enum Pause {
    READY,
    TIMED_OUT,
    SIGNALLED
  }

  /**
   * Waits without a CPU slot.
   *
   * @param queues are woken when {@code ready} may have become true
   * @param until {@link System#nanoTime()}; {@link Long#MAX_VALUE} is for ever
   * @param signals whether a signal that the process handles by itself ends it
   */
  public Pause pause(List<WaitQueue> queues, BooleanSupplier ready, long until, boolean signals) {
    if (ready.getAsBoolean()) {
      return Pause.READY;
    }
    if (signals && handledSinceWait) {
      handledSinceWait = false;
      return Pause.SIGNALLED;
    }
    for (WaitQueue queue : queues) {
      queue.add(thread);
    }
    dispatcher.leave(this);
    Pause why;
    try {
      why = doze(ready, until, signals);
    } finally {
      for (WaitQueue queue : queues) {
        queue.remove(thread);
      }
    }
    dispatcher.enter(this);
    return why;
  }

  private Pause doze(BooleanSupplier ready, long until, boolean signals) {
    while (true) {
      if (killedBy != null) {
        throw death();
      }
      if (ready.getAsBoolean()) {
        return Pause.READY;
      }
      if (signals && signalIsDue()) {
        return Pause.SIGNALLED;
      }
      if (until == Long.MAX_VALUE) {
        LockSupport.park(this);
      } else {
        long left = until - System.nanoTime();
        if (left <= 0) {
          return Pause.TIMED_OUT;
        }
        LockSupport.parkNanos(this, left);
      }
    }
  }

  @Override
  public void sleep(long nanos) {
    long until = nanos < 0 ? Long.MAX_VALUE : System.nanoTime() + nanos;
    Pause over = pause(List.of(), () -> false, until, false);
    assert over == Pause.TIMED_OUT;
  }

  /** Between two pieces of a long host call, while it holds no lock: it gives way or ends, if it is asked to. */
  public void breathe() {
    if (thread.wantsAttention()) {
      thread.attended();
      yieldIfAsked();
    }
  }

  /** What a host call waits for. */
  @FunctionalInterface
  public interface Errand {
    void run() throws Fault;
  }

  /** Does something that waits for the host, such as for a disk, without a CPU slot. */
  public void withoutCpu(Errand errand) throws Fault {
    dispatcher.leave(this);
    try {
      errand.run();
    } finally {
      dispatcher.enter(this);
    }
  }

  /** Lets others of its level have a turn. */
  public void giveWay() {
    dispatcher.giveWay(this);
  }

  @Override
  public int grown(int previousPages) {
    int answer = tape.grown(previousPages);
    if (answer < 0 && !announcedMemory) {
      announcedMemory = true;
      session
          .spec()
          .events()
          .limitReached(
              "memory", "process " + pid + " was refused more than " + memory.used() + " bytes");
    }
    return answer;
  }

  WaitQueue childEnded() {
    return childEnded;
  }
}
