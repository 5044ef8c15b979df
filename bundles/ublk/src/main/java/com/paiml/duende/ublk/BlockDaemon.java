package com.paiml.duende.ublk;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.control.Control;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.control.Feature;
import com.paiml.duende.ublk.control.Privilege;
import com.paiml.duende.ublk.control.Recovery;
import com.paiml.duende.ublk.guard.Measure;
import com.paiml.duende.ublk.guard.SwapGuard;
import com.paiml.duende.ublk.ring.Syscalls;
import com.paiml.duende.ublk.serve.BlockServer;
import com.paiml.duende.ublk.serve.HandOver;
import com.paiml.duende.ublk.serve.Orphans;
import com.paiml.duende.ublk.serve.Reader;
import com.paiml.duende.ublk.serve.ThreadSetup;
import com.paiml.duende.ublk.targets.Backing;
import com.paiml.duende.ublk.targets.MemoryTarget;
import com.paiml.duende.ublk.targets.NullTarget;
import com.paiml.duende.ublk.targets.PageStore;
import com.paiml.duende.ublk.targets.Targets;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Serves a block device, {@code /dev/ublkbN}. Its arguments say what is behind the device:
 *
 * <pre>
 * class     = "com.paiml.duende.ublk.BlockDaemon"
 * args      = ["--target", "file:/srv/disk.img", "--size", "1GiB"]
 * readiness = { type = "host" }
 * </pre>
 *
 * <p>It is ready once the disk is there, and healthy while a read of it is answered. Asked to stop, it lets what is in flight
 * end, takes the disk away and deletes the device. When it is killed, the device waits; started again it takes over the same
 * device, and requests go on.
 *
 * <p>A process without privileges serves too, where the kernel and a rule of udev's let it; then the disk goes when the server
 * is killed, and the next one adds it again, with what was on it.
 *
 * <p>Who has a target of his own extends it:
 *
 * <pre>{@code
 * public final class MyDisk extends BlockDaemon {
 *   public MyDisk() {
 *     super((config, state) -> new MyTarget(config.args(), state));
 *   }
 * }
 * }</pre>
 */
public class BlockDaemon implements Daemon {
  private static final Duration HEALTH = Duration.ofSeconds(5);
  private static final String RISK =
      "; with many dirty pages this server may wait for itself: say --direct, or give it"
          + " CAP_SYS_RESOURCE";
  private static final Path SHARED = Path.of("/dev/shm");

  private final @Nullable TargetFactory factory;
  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();
  private volatile @Nullable DiskOptions options;
  private volatile @Nullable Served served;
  private volatile @Nullable Pair pair;

  /** What is there while it serves. */
  private record Served(
      Syscalls calls, Control control, BlockServer server, DeviceRecord record, boolean swap) {}

  /** One with the targets that are built in. */
  public BlockDaemon() {
    this.factory = null;
  }

  /** One with somebody's own target. */
  protected BlockDaemon(TargetFactory factory) {
    this.factory = factory;
  }

  @Override
  public final DaemonId id() {
    return id;
  }

  @Override
  public final String name() {
    return "disk";
  }

  @Override
  public final DaemonMetrics metrics() {
    return metrics;
  }

  /** Looks whether there is a ublk, and at the arguments. */
  @Override
  public final void init(DaemonConfig config) throws DaemonException {
    options = DiskOptions.parse(config.name(), config.args(), factory != null, Privilege.here());
    Optional<DaemonException> missing = Control.missing();
    if (missing.isPresent()) {
      throw missing.get();
    }
  }

  /** Adds the device or takes it over, and serves it. */
  @Override
  public final ExitReason run(DaemonContext context) throws Exception {
    DiskOptions wanted = Objects.requireNonNull(options, "init comes first");
    Linux linux = linux();
    Syscalls calls = new Syscalls(linux);
    Control control = new Control(calls);
    SwapGuard guard = new SwapGuard(linux, calls);
    if (wanted.swap()) {
      calls.link(); // while there is memory
      guard.prepare();
    }
    Path place = context.stateDirectory();
    Path shared = SHARED.resolve("duende-ublk-" + context.id());
    boolean ready = false;
    if (!wanted.pair().isEmpty()) {
      Pair both = Pair.open(Path.of(wanted.pair()));
      pair = both;
      place = both.folder();
      shared = SHARED.resolve("duende-ublk-" + nameOf(place));
      if (!both.serves()) {
        CompletableFuture<Void> mine = both.standBy();
        Rehearsal.run(linux, calls, control, SHARED);
        context.statusText("stands by");
        context.out().println("stands by in " + place);
        context.ready();
        ready = true;
        if (!await(mine, context)) {
          return new ExitReason.Graceful();
        }
      }
    }
    DeviceRecord record = new DeviceRecord(place, linux.proc().bootId());
    Backing backing = open(calls, wanted, context, shared);
    BlockServer server;
    try {
      server = serve(linux, calls, control, wanted, backing, record, guard, context);
    } catch (DaemonException | InterruptedException | LinuxException | RuntimeException failed) {
      if (record.id().isPresent()) {
        backing.close(); // a device waits for what it holds
      } else {
        backing.discard();
      }
      throw failed;
    }
    served = new Served(calls, control, server, record, wanted.swap());
    if (wanted.swap()) {
      guard.populate();
      List<Measure> measures = guard.measures(server.device());
      measures.forEach(measure -> context.out().println("swap guard: " + measure));
      if (wanted.strict()) {
        guard.require(measures);
      }
    }
    if (wanted.target() == DiskOptions.Target.FILE && !wanted.direct()) {
      guard.refusals().forEach(refusal -> context.out().println("risk: " + refusal + RISK));
    }
    register(server);
    context.statusText(server.device().blockPath());
    context.out().println("serves " + server.device().blockPath());
    if (wanted.device().unprivileged()) {
      context.out().println("unprivileged: its disk goes with this server, what is on it stays");
    }
    if (!ready) {
      context.ready();
    }
    Thread _ = Thread.ofPlatform().daemon().name("ublk-link").start(calls::link);
    return awaitEnd(server, context);
  }

  /** The same for both of a pair, and no other's. */
  private static UUID nameOf(Path folder) {
    return UUID.nameUUIDFromBytes(
        folder.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8));
  }

  private static ExitReason awaitEnd(BlockServer server, DaemonContext context) {
    if (await(server.ended(), context)) {
      String why =
          server.ended().isCompletedExceptionally()
              ? "a queue broke: " + server.ended().exceptionNow().getMessage()
              : "somebody else stopped its device";
      return new ExitReason.Failure(1, why);
    }
    return new ExitReason.Graceful();
  }

  /** Whether it has come, and not the end of this daemon. */
  private static boolean await(CompletableFuture<Void> awaited, DaemonContext context) {
    Thread me = Thread.currentThread();
    AtomicBoolean waits = new AtomicBoolean(true);
    // Not afterwards: a stop ends the server too, and is not to be interrupted by that.
    var _ =
        awaited.whenComplete(
            (nothing, fault) -> {
              synchronized (waits) {
                if (waits.get()) {
                  me.interrupt();
                }
              }
            });
    while (!context.shouldShutdown() && !awaited.isDone()) {
      boolean _ = context.sleep(Duration.ofHours(1));
    }
    synchronized (waits) {
      waits.set(false);
    }
    boolean _ = Thread.interrupted();
    return awaited.isDone() && !context.shouldShutdown();
  }

  private static Linux linux() throws DaemonException {
    return switch (Linux.detect()) {
      case Linux.Here here -> here.linux();
      case Linux.NotHere not ->
          throw new DaemonException(ErrorCode.NOT_SUPPORTED, "ublk", not.reason(), "");
    };
  }

  private Backing open(Syscalls calls, DiskOptions wanted, DaemonContext context, Path shared)
      throws Exception {
    try {
      return switch (wanted.target()) {
        case NULL -> Backing.of(new NullTarget(wanted.size()));
        case MEMORY -> MemoryTarget.open(calls, shared, wanted.size());
        case ZRAM ->
            PageStore.open(calls, shared, wanted.algorithm(), wanted.size(), wanted.limit());
        case FILE -> Targets.file(calls, wanted.path(), wanted.size(), wanted.direct());
        case OWN ->
            Backing.of(
                Objects.requireNonNull(factory).open(context.config(), context.stateDirectory()));
      };
    } catch (LinuxException refused) {
      throw new DaemonException(
          refused.is(Errno.ENOSPC) ? ErrorCode.RESOURCE_LIMIT : ErrorCode.IO,
          shared.toString(),
          refused.getMessage(),
          "",
          refused);
    }
  }

  private static BlockServer serve(
      Linux linux,
      Syscalls calls,
      Control control,
      DiskOptions wanted,
      Backing backing,
      DeviceRecord record,
      SwapGuard guard,
      DaemonContext context)
      throws DaemonException, InterruptedException, LinuxException {
    ThreadSetup setup = wanted.swap() ? guard.forThread() : guard.flusher();
    Optional<Integer> known = record.id();
    if (known.isPresent()) {
      Optional<DeviceInfo> left =
          wanted.device().unprivileged()
              ? HandOver.left(control, known.get())
              : control.info(known.get());
      if (left.isPresent() && record.is(left.get())) {
        if (Recovery.awaits(left.get())) {
          BlockServer server = BlockServer.recover(calls, control, known.get(), backing, setup);
          context.out().println("took over " + server.device().blockPath());
          return server;
        }
        control.delete(known.get());
      }
    }
    return BlockServer.add(
        calls,
        control,
        wanted.device(),
        backing,
        Orphans.markOfThisProcess(linux),
        setup,
        record::write);
  }

  private void register(BlockServer server) {
    metrics.gauge("ublk_requests", server::served);
    metrics.gauge("ublk_system_calls", server::systemCalls);
    metrics.gauge("ublk_failed_requests", server::failed);
    PageStore store = server.target(PageStore.class);
    if (store != null) {
      metrics.gauge("zram_original_bytes", () -> store.statistics().originalBytes());
      metrics.gauge("zram_compressed_bytes", () -> store.statistics().compressedBytes());
      metrics.gauge("zram_memory_used_bytes", () -> store.statistics().memoryUsed());
      metrics.gauge("zram_same_pages", () -> store.statistics().samePages());
      metrics.gauge("zram_huge_pages", () -> store.statistics().hugePages());
    }
  }

  /**
   * Stops the disk and deletes the device. One that is in use (mounted, with swap on it that does not fit into memory, or below
   * another device) is left, and waits for the next server: what is on its way to it is not lost. One for which another daemon
   * stands by is left to that.
   */
  @Override
  public final void shutdown(Duration timeout) throws DaemonException, InterruptedException {
    Served now = served;
    served = null;
    Pair both = pair;
    pair = null;
    try {
      if (now != null) {
        end(now, both, timeout);
      }
    } finally {
      if (both != null) {
        both.close();
      }
    }
  }

  private static void end(Served now, @Nullable Pair both, Duration timeout)
      throws DaemonException, InterruptedException {
    if (both != null && both.hasStandby()) {
      now.server().leave(timeout);
      now.server().backing().close();
      return;
    }
    DeviceInfo device = now.server().device();
    String disk = device.blockPath();
    boolean swapGone = !now.swap() || SwapOff.of(now.calls(), disk);
    if (device.features().contains(Feature.USER_RECOVERY)
        && (!swapGone || now.server().isInUse())) {
      now.server().leave(timeout);
      now.server().backing().close();
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          disk,
          "is in use, so its device stays and its requests wait for the next server",
          "start the daemon again, unmount it or take its swap away, and then stop it");
    }
    now.server().stop(timeout);
    try {
      now.server().delete(timeout);
    } finally {
      now.server().backing().discard();
      now.record().delete();
    }
  }

  /** Reads the first block past the page cache. */
  @Override
  public final HealthStatus healthCheck() throws LinuxException {
    Served now = served;
    Pair both = pair;
    if (now == null && both != null) {
      return HealthStatus.healthy(5).withCheck("stands by", true, both.folder().toString());
    }
    if (now == null) {
      return HealthStatus.unhealthy("its disk is not there yet");
    }
    BlockServer server = now.server();
    String disk = server.device().blockPath();
    long before = server.served();
    int result = new Reader(now.calls()).read(disk, HEALTH);
    if (result >= 0) {
      Throwable thrown = server.lastFault();
      HealthStatus status = HealthStatus.healthy(5).withCheck("read", true, disk);
      return thrown == null
          ? status
          : HealthStatus.degraded(3, "its target threw " + thrown).withCheck("read", true, disk);
    }
    if (result == -Errno.EAGAIN.number() && server.served() != before) {
      return HealthStatus.degraded(3, "every request of " + disk + " is in use");
    }
    return HealthStatus.unhealthy("a read of " + disk + " ended with " + Errno.nameOf(-result));
  }
}
