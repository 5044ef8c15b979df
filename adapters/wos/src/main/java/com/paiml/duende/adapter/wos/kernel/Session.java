package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.fs.Allowance;
import com.paiml.duende.adapter.wos.fs.MessageQueue;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import com.paiml.duende.adapter.wos.fs.WaitQueue;
import com.paiml.duende.api.Signal;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A main process and all that it brought forth: what a daemon is here. Safe for threads. */
public final class Session {

  /** Most message queues of one session. */
  static final int MOST_QUEUES = 64;

  private static final int MOST_COMPILING = 2;
  private static final long SECOND = 1_000_000_000L;
  private static final int TOLD_PER_SECOND = 50;
  private static final int BURST = 100;

  private final Kernel kernel;
  private final long id;
  private final SessionSpec spec;
  private final Allowance allowance;
  private final RandomGenerator random;
  private final Map<String, MessageQueue> queues = new HashMap<>();
  private final CompletableFuture<ExitStatus> ended = new CompletableFuture<>();
  private final AtomicInteger compiling = new AtomicInteger();
  private final WaitQueue compilers = new WaitQueue();
  private volatile Limits limits;
  private volatile boolean ending;
  private long nextTold = System.nanoTime() - SECOND;
  private long nextRefusalTold = System.nanoTime() - SECOND;
  private volatile @Nullable WasmProcess leader;
  private volatile long cpuOfEnded;
  private volatile long memoryRefusals;

  Session(Kernel kernel, long id, SessionSpec spec, Allowance allowance) {
    this.allowance = allowance;
    this.kernel = kernel;
    this.id = id;
    this.spec = spec;
    this.limits = spec.limits();
    this.random =
        spec.seed().isPresent()
            ? new SplittableRandom(spec.seed().getAsLong())
            : new SecureRandom();
  }

  /** {@return the pid of its main process} */
  public long id() {
    return id;
  }

  public SessionSpec spec() {
    return spec;
  }

  public Limits limits() {
    return limits;
  }

  /** {@return what its files, pipes, queues and listings may take} */
  public Allowance allowance() {
    return allowance;
  }

  /** {@return whether it is being ended: nothing is started in it any more} */
  boolean isEnding() {
    return ending;
  }

  /** From now on nothing is started in it, so that what is killed now is all that there is. */
  void beginToEnd() {
    ending = true;
  }

  /**
   * Takes one of the few places for modules that a session may have compiled at once: the compilers are all daemons'.
   *
   * @return whether there was one; if not, {@link #compilers()} is woken when there is again
   */
  public boolean mayCompile() {
    return compiling.getAndUpdate(n -> n < MOST_COMPILING ? n + 1 : n) < MOST_COMPILING;
  }

  /** Gives back a place that {@link #mayCompile()} took. */
  public void compiled() {
    if (compiling.decrementAndGet() < MOST_COMPILING) {
      compilers.wakeAll();
    }
  }

  /** {@return whether {@link #mayCompile()} is worth another try} */
  public boolean hasRoomToCompile() {
    return compiling.get() < MOST_COMPILING;
  }

  /** {@return who waits to have a module compiled} */
  public WaitQueue compilers() {
    return compilers;
  }

  /**
   * Holds up a process that tells the manager more than it needs to know: in bursts of {@value #BURST} as it likes, else
   * {@value #TOLD_PER_SECOND} things a second.
   */
  public void pace(WasmProcess teller) {
    long wait;
    synchronized (this) {
      long now = System.nanoTime();
      long step = SECOND / TOLD_PER_SECOND;
      nextTold = Math.max(nextTold, now - BURST * step) + step;
      wait = nextTold - now;
    }
    if (wait > 0) {
      teller.sleep(wait);
    }
  }

  /** Tells of a refused process, at most once a second: a fork bomb is not to become a flood of alerts. */
  void tellRefused(String detail) {
    synchronized (this) {
      long now = System.nanoTime();
      if (now < nextRefusalTold) {
        return;
      }
      nextRefusalTold = now + SECOND;
    }
    spec.events().limitReached("pids", detail);
  }

  /** {@return its main process; also when it has ended} */
  public WasmProcess leader() {
    return Objects.requireNonNull(leader, "a session is handed out with its leader");
  }

  void leader(WasmProcess main) {
    leader = main;
  }

  /** {@return its processes that have not ended} */
  public List<WasmProcess> members() {
    return kernel.members(this);
  }

  /** {@return completes with the main process's status when all of its processes have ended} */
  public CompletionStage<ExitStatus> ended() {
    return ended.minimalCompletionStage();
  }

  void end(ExitStatus status) {
    ended.complete(status);
  }

  /** {@return CPU time of all its processes, also of those that have ended, in nanoseconds} */
  public long cpu() {
    return cpuOfEnded + members().stream().mapToLong(WasmProcess::cpu).sum();
  }

  /** {@return memory of all its processes now, in bytes} */
  public long memory() {
    return members().stream().mapToLong(p -> p.memory().used()).sum();
  }

  /** {@return how often its processes were refused memory} */
  public long memoryRefusals() {
    return memoryRefusals + members().stream().mapToLong(p -> p.memory().refusals()).sum();
  }

  /** {@return descriptors of all its processes now} */
  public long descriptors() {
    return members().stream().mapToLong(p -> p.descriptors().size()).sum();
  }

  synchronized void account(WasmProcess gone) {
    cpuOfEnded += gone.cpu();
    memoryRefusals += gone.memory().refusals();
  }

  /** Sends a signal to all of its processes. After KILL no more are started. */
  public void signalAll(Signal signal) {
    if (signal == Signal.KILL) {
      kernel.end(this);
    }
    members().forEach(p -> p.signal(signal));
  }

  /**
   * Changes its limits. A CPU quota, and memory up to what its processes began with, hold at once; the number of
   * descriptors holds for processes that start from now on.
   */
  public void limits(Limits changed) {
    limits = changed;
    allowance.memory().limit(changed.memory());
    members().forEach(p -> p.memory().limit(changed.processMemory()));
    kernel.quota(this, changed.cpuQuota());
  }

  /** {@return random bytes: from the seed, if it has one} */
  public byte[] random(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  /** {@return the queue of that name, made when there is none, or empty when there are too many} */
  public synchronized Optional<OpenFile> queue(String name) {
    Optional<MessageQueue> known =
        Optional.ofNullable(queues.get(name)).flatMap(MessageQueue::again);
    if (known.isPresent()) {
      return known.map(OpenFile.class::cast);
    }
    if (queues.size() >= MOST_QUEUES) {
      return Optional.empty();
    }
    MessageQueue made = new MessageQueue(allowance.memory(), gone -> forget(name, gone));
    queues.put(name, made);
    return Optional.of(made);
  }

  private synchronized void forget(String name, MessageQueue gone) {
    queues.remove(name, gone);
  }

  /** Waits until all of its processes are gone. For tests and tools; a daemon's end is told by {@link #ended()}. */
  public ExitStatus await(Duration patience) throws InterruptedException, TimeoutException {
    try {
      return ended.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a session ends with a status only", e);
    }
  }
}
