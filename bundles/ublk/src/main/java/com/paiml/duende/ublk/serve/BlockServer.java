package com.paiml.duende.ublk.serve;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.control.Control;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.control.Feature;
import com.paiml.duende.ublk.control.Geometry;
import com.paiml.duende.ublk.control.Recovery;
import com.paiml.duende.ublk.control.ServerMark;
import com.paiml.duende.ublk.ring.Syscalls;
import com.paiml.duende.ublk.targets.Backing;
import com.paiml.duende.ublk.targets.Called;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Serves one device. It is added, or taken over from a server that has died; then it runs until it is stopped, or until one of
 * its queues breaks. Safe for several threads.
 */
public final class BlockServer {
  private static final Duration QUEUES_READY = Duration.ofSeconds(60);
  private static final Duration FILE_THERE = Duration.ofSeconds(10);
  private static final Duration UNDONE = Duration.ofSeconds(30);
  private static final int SIZES = 4096;

  // linux/prctl.h
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_SET_DUMPABLE = 4;

  private final Syscalls calls;
  private final Control control;
  private final Backing backing;
  private final DeviceInfo device;
  private final ThreadSetup setup;
  private final Descriptor file;
  private final List<Thread> threads = new ArrayList<>();
  private final List<AtomicReference<@Nullable Queue>> queues = new ArrayList<>();
  private final List<CompletableFuture<Void>> fetched = new ArrayList<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private final AtomicReference<@Nullable Throwable> lastFault = new AtomicReference<>();

  private BlockServer(
      Syscalls calls, Control control, Backing backing, DeviceInfo device, ThreadSetup setup)
      throws DaemonException, InterruptedException {
    this.calls = calls;
    this.control = control;
    this.backing = backing;
    this.device = device;
    this.setup = setup;
    this.file = open(calls, device.charPath());
  }

  /** Hears of a device's number before its disk is there, so that it can be written down first. */
  @FunctionalInterface
  public interface Added {
    /** Called once. What it throws undoes the adding. */
    void added(DeviceInfo device) throws DaemonException;
  }

  /**
   * Adds a device and serves it; when it returns, its disk is there, and this user may open it.
   *
   * @throws DaemonException nothing of it is left then; except of a device whose file was not given to this user, which only root
   *     can delete
   */
  public static BlockServer add(
      Syscalls calls,
      Control control,
      DeviceSpec spec,
      Backing backing,
      ServerMark mark,
      ThreadSetup setup,
      Added added)
      throws DaemonException, InterruptedException {
    if (backing.size() <= 0 || backing.size() % backing.block() != 0) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "ublk device",
          "a size of " + backing.size() + " is no multiple of its block of " + backing.block(),
          "give it a multiple of " + SIZES);
    }
    Set<Feature> features = spec.features(control.features());
    if (spec.unprivileged()) {
      HandOver.expect();
    }
    DeviceInfo device =
        control.add(spec.id(), spec.queues(), spec.depth(), spec.maxIo(), features, mark);
    try {
      if (!device.features().containsAll(features)) {
        throw new DaemonException(
            ErrorCode.NOT_SUPPORTED,
            "ublk device " + device.id(),
            "this kernel gives " + device.features() + " of the features " + features,
            "choose another recovery, leave out --copy, or take a newer kernel");
      }
      added.added(device);
      if (spec.unprivileged()) {
        HandOver.await(device.charPath(), HandOver.LEFT);
      }
      control.setGeometry(
          device.id(),
          new Geometry(
              backing.size(),
              backing.block(),
              device.maxIo(),
              backing.volatileCache(),
              !spec.readOnly(),
              spec.readOnly()));
      BlockServer server = new BlockServer(calls, control, backing, device, setup);
      server.serve(false);
      if (spec.unprivileged()) {
        server.awaitDisk();
      }
      return server;
    } catch (DaemonException | InterruptedException | RuntimeException failed) {
      try {
        control.deleteLater(device.id());
      } catch (DaemonException stays) {
        failed.addSuppressed(stays);
      }
      throw failed;
    }
  }

  private void awaitDisk() throws DaemonException, InterruptedException {
    try {
      HandOver.await(device.blockPath(), HandOver.INSTALL);
    } catch (DaemonException late) {
      try {
        stop(UNDONE); // it may be read by now, by root
      } catch (DaemonException serves) {
        late.addSuppressed(serves);
      }
      throw late;
    }
  }

  /**
   * Takes over a device whose server has died; when it returns, its requests are being served again.
   *
   * @throws DaemonException it waits as before then
   */
  public static BlockServer recover(
      Syscalls calls, Control control, int id, Backing backing, ThreadSetup setup)
      throws DaemonException, InterruptedException {
    Geometry geometry = control.geometry(id);
    if (geometry.size() != backing.size() || geometry.block() != backing.block()) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "ublk device " + id,
          "has "
              + geometry.size()
              + " bytes in blocks of "
              + geometry.block()
              + ", and its target now has "
              + backing.size()
              + " in blocks of "
              + backing.block(),
          "give the target its former size, or delete the device");
    }
    int _ = new Recovery(control).begin(id);
    DeviceInfo device =
        control
            .info(id)
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.NOT_FOUND, "ublk device " + id, "is gone", "add it again"));
    BlockServer server = new BlockServer(calls, control, backing, device, setup);
    if (server.copying() == DeviceSpec.Copy.NONE && backing instanceof Called) {
      server.file.close();
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "ublk device " + id,
          "was added with --copy none, and its target is no file now",
          "give it its former target, or delete the device");
    }
    server.serve(true);
    return server;
  }

  /** The device's own file comes a little later than the device, and one process at a time may open it. */
  private static Descriptor open(Syscalls calls, String path)
      throws DaemonException, InterruptedException {
    long end = System.nanoTime() + FILE_THERE.toNanos();
    while (true) {
      try {
        return calls.open(path, Syscalls.O_RDWR);
      } catch (LinuxException refused) {
        boolean soon = refused.is(Errno.ENOENT) || refused.is(Errno.EBUSY);
        if (!soon || System.nanoTime() > end) {
          throw new DaemonException(
              refused.is(Errno.EACCES) ? ErrorCode.PERMISSION_DENIED : ErrorCode.IO,
              path,
              refused.getMessage(),
              "",
              refused);
        }
        TimeUnit.MILLISECONDS.sleep(2);
      }
    }
  }

  private void serve(boolean recovering) throws DaemonException, InterruptedException {
    for (int number = 0; number < device.queues(); number++) {
      CompletableFuture<Void> ready = new CompletableFuture<>();
      AtomicReference<@Nullable Queue> queue = new AtomicReference<>();
      int index = number;
      fetched.add(ready);
      queues.add(queue);
      threads.add(
          Thread.ofPlatform()
              .name("ublk-" + device.id() + "-q" + number)
              .daemon()
              .unstarted(() -> run(index, queue, ready)));
    }
    threads.forEach(Thread::start);
    Thread closer =
        Thread.ofPlatform()
            .name("ublk-" + device.id() + "-end")
            .daemon()
            .unstarted(this::awaitQueues);
    try {
      CompletableFuture.allOf(fetched.toArray(CompletableFuture[]::new))
          .get(QUEUES_READY.toMillis(), TimeUnit.MILLISECONDS);
      withoutCore(
          () -> {
            if (recovering) {
              control.endRecovery(device.id());
            } else {
              control.start(device.id());
            }
          });
    } catch (ExecutionException | TimeoutException broken) {
      throw new DaemonException(
          ErrorCode.IO,
          device.blockPath(),
          "its queues cannot be served: " + broken.getMessage(),
          "",
          broken);
    } finally {
      closer.start();
    }
  }

  /**
   * Runs what makes the kernel read the disk, its partitions, before it returns. A process that crashes in there (a target's
   * native library may) would wait in its core dump for the thread that reads, which waits for an answer of the thread that
   * crashed: neither it nor the device could ever be got rid of. Without a dump it just dies.
   */
  private void withoutCore(Command command) throws DaemonException {
    boolean dumps = calls.call("prctl", PR_GET_DUMPABLE, 0, 0) == 1;
    if (dumps) {
      long _ = calls.call("prctl", PR_SET_DUMPABLE, 0, 0);
    }
    try {
      command.send();
    } finally {
      if (dumps) {
        long _ = calls.call("prctl", PR_SET_DUMPABLE, 1, 0);
      }
    }
  }

  private void run(
      int number, AtomicReference<@Nullable Queue> place, CompletableFuture<Void> ready) {
    try {
      setup.prepare();
      Queue queue =
          new Queue(
              calls,
              file.number(),
              number,
              device.depth(),
              device.maxIo(),
              backing,
              copying(),
              lastFault::set);
      place.set(queue);
      try {
        queue.fetch();
        boolean _ = ready.complete(null);
        queue.serve();
      } finally {
        queue.close();
      }
    } catch (DaemonException | LinuxException | RuntimeException | LinkageError broken) {
      boolean _ = ready.completeExceptionally(broken);
      boolean _ = ended.completeExceptionally(broken);
    }
  }

  private DeviceSpec.Copy copying() {
    if (device.features().contains(Feature.AUTO_BUFFERS)) {
      return DeviceSpec.Copy.NONE;
    }
    return device.features().contains(Feature.USER_COPY)
        ? DeviceSpec.Copy.USER
        : DeviceSpec.Copy.KERNEL;
  }

  private void awaitQueues() {
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException nobodyDoesThat) {
      Thread.currentThread().interrupt();
    }
    file.close();
    boolean _ = ended.complete(null);
  }

  /** Completes when it serves no more: normally after a stop, exceptionally when a queue broke. */
  public CompletableFuture<Void> ended() {
    return ended.copy();
  }

  /** The device as it was added or taken over. */
  public DeviceInfo device() {
    return device;
  }

  /** What is behind it. */
  public Backing backing() {
    return backing;
  }

  /** What a target threw last, where it threw. */
  public @Nullable Throwable lastFault() {
    return lastFault.get();
  }

  /** Requests served, of all queues. */
  public long served() {
    return sum(Queue::served);
  }

  /** System calls made for them. Requests for each call tell how much is done in one go. */
  public long systemCalls() {
    return sum(Queue::entered);
  }

  /** Requests answered with an error. */
  public long failed() {
    return sum(Queue::failed);
  }

  private long sum(ToLongFunction<Queue> figure) {
    long sum = 0;
    for (AtomicReference<@Nullable Queue> place : queues) {
      Queue queue = place.get();
      sum += queue == null ? 0 : figure.applyAsLong(queue);
    }
    return sum;
  }

  /**
   * Stops the disk after what is in flight was served, and ends the queues. Nobody uses the backing afterwards.
   *
   * @param most for what is in flight, and for the queues to end
   */
  public void stop(Duration most) throws DaemonException, InterruptedException {
    insist(() -> control.stop(device.id()), most);
    awaitEnd(most);
  }

  /**
   * Deletes the device, after {@link #stop}. The kernel lets go of closed rings, and with them of the device's file, in its own
   * time.
   */
  public void delete(Duration most) throws DaemonException {
    insist(() -> control.delete(device.id()), most);
  }

  private interface Command {
    void send() throws DaemonException;
  }

  /** Both commands may be given again while the first is still worked for: then they wait for its end. */
  private static void insist(Command command, Duration most) throws DaemonException {
    long end = System.nanoTime() + most.toNanos();
    while (true) {
      try {
        command.send();
        return;
      } catch (DaemonException refused) {
        if (!refused.code().equals(ErrorCode.TIMEOUT) || System.nanoTime() > end) {
          throw refused;
        }
      }
    }
  }

  private void awaitEnd(Duration most) throws DaemonException, InterruptedException {
    try {
      ended.get(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException broken) {
      lastFault.set(broken.getCause());
    } catch (TimeoutException late) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          device.blockPath(),
          "its queues did not end within " + most.toSeconds() + " s",
          "see what its target is waiting for",
          late);
    }
  }

  /** Whether somebody holds the disk for himself: a mounted file system, swap, another device on top of it. */
  public boolean isInUse() {
    try (Descriptor _ = calls.open(device.blockPath(), Syscalls.O_RDONLY | Syscalls.O_EXCL)) {
      return false;
    } catch (LinuxException refused) {
      return refused.is(Errno.EBUSY);
    }
  }

  /**
   * Ends the queues and leaves the device to its next server, as if this process had died.
   *
   * @param most for the queues to end
   */
  public void leave(Duration most) throws DaemonException, InterruptedException {
    for (AtomicReference<@Nullable Queue> place : queues) {
      Queue queue = place.get();
      if (queue != null) {
        queue.leave();
      }
    }
    awaitEnd(most);
  }

  /** The one that is called behind it, where it is of this type. */
  public <T> @Nullable T target(Class<T> type) {
    return backing instanceof Called called && type.isInstance(called.target())
        ? type.cast(called.target())
        : null;
  }
}
