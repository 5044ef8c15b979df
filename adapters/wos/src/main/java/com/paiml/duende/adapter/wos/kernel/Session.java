package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.engine.HeapBudget;
import com.paiml.duende.adapter.wos.fs.MessageQueue;
import com.paiml.duende.adapter.wos.fs.OpenFile;
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
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A main process and all that it brought forth: what a daemon is here. Safe for threads. */
public final class Session {

  /** Most message queues of one session. */
  static final int MOST_QUEUES = 64;

  private final Kernel kernel;
  private final long id;
  private final SessionSpec spec;
  private final HeapBudget budget;
  private final RandomGenerator random;
  private final Map<String, MessageQueue> queues = new HashMap<>();
  private final CompletableFuture<ExitStatus> ended = new CompletableFuture<>();
  private volatile Limits limits;
  private volatile @Nullable WasmProcess leader;
  private volatile long cpuOfEnded;
  private volatile long memoryRefusals;

  Session(Kernel kernel, long id, SessionSpec spec, HeapBudget budget) {
    this.budget = budget;
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

  HeapBudget budget() {
    return budget;
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

  /** Sends a signal to all of its processes. */
  public void signalAll(Signal signal) {
    members().forEach(p -> p.signal(signal));
  }

  /**
   * Changes its limits. A CPU quota, and memory up to what its processes began with, hold at once; the number of
   * descriptors holds for processes that start from now on.
   */
  public void limits(Limits changed) {
    limits = changed;
    budget.limit(changed.memory());
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
    MessageQueue known = queues.get(name);
    if (known != null) {
      return Optional.of(known.retain());
    }
    if (queues.size() >= MOST_QUEUES) {
      return Optional.empty();
    }
    MessageQueue made = new MessageQueue(() -> forget(name));
    queues.put(name, made);
    return Optional.of(made);
  }

  private synchronized void forget(String name) {
    queues.remove(name);
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
