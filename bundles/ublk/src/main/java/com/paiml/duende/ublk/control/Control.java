package com.paiml.duende.ublk.control;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.ring.Ring;
import com.paiml.duende.ublk.ring.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The control device, {@code /dev/ublk-control}. Each command has a ring of its own and five seconds; one that the kernel does
 * not answer in time is cancelled with its ring. Safe for several threads.
 *
 * <p>A device that a process without privileges has added takes commands from whoever may use its file, {@code /dev/ublkcN}, and
 * every one has to name that file: see {@link ControlMessage}. Which kind a device is, the kernel says.
 *
 * @see <a href="https://docs.kernel.org/block/ublk.html">Userspace block device driver</a>
 */
public final class Control {
  /** How long a command may take. */
  public static final Duration MOST = Duration.ofSeconds(5);

  static final String PATH = "/dev/ublk-control";
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
  private static final int TIMED_OUT = -Errno.ETIME.number();
  private static final int EINVAL = -Errno.EINVAL.number();
  private static final int EPERM = -Errno.EPERM.number();
  private static final int EACCES = -Errno.EACCES.number();

  /** How long a deletion may wait that need not be seen to its end. */
  private static final Duration LATER = Duration.ofSeconds(1);

  private final Syscalls calls;
  private final boolean privileged;

  public Control(Syscalls calls) {
    this.calls = calls;
    this.privileged = Privilege.here();
  }

  /** Why there is no ublk here; empty when there is. Asks the file system only. */
  public static Optional<DaemonException> missing() {
    Path path = Path.of(PATH);
    if (!Files.exists(path)) {
      return Optional.of(
          new DaemonException(
              ErrorCode.NOT_SUPPORTED,
              PATH,
              "is not there: this kernel has no ublk, or its module is not loaded",
              "run \"modprobe ublk_drv\" as root (Linux 6.0 or later, CONFIG_BLK_DEV_UBLK)"));
    }
    if (!Files.isReadable(path) || !Files.isWritable(path)) {
      return Optional.of(
          new DaemonException(
              ErrorCode.PERMISSION_DENIED,
              PATH,
              "may not be opened by this user",
              "run as root; or, for disks without privileges, install the rule "
                  + Privilege.RULE
                  + " and make the user a member of the group ublk"));
    }
    return Optional.empty();
  }

  /** What this kernel's ublk can do; none where it is too old to be asked (before Linux 6.5). */
  public Set<Feature> features() throws DaemonException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bits = arena.allocate(8, 8);
      int result = command(Uapi.GET_FEATURES, -1, bits, 8, 0);
      return result < 0 ? Set.of() : Feature.of(bits.get(LONG, 0));
    }
  }

  /**
   * Adds a device, without a disk yet.
   *
   * @param wanted its number; -1 for the first that is free
   * @return with the number, and with what the kernel agreed to
   * @throws DaemonException {@code already-exists} when the number is in use
   */
  public DeviceInfo add(
      int wanted, int queues, int depth, int maxIo, Set<Feature> features, ServerMark mark)
      throws DaemonException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(Uapi.INFO_SIZE, 8);
      info.set(SHORT, Uapi.INFO_QUEUES, (short) queues);
      info.set(SHORT, Uapi.INFO_DEPTH, (short) depth);
      info.set(INT, Uapi.INFO_MAX_IO, maxIo);
      info.set(INT, Uapi.INFO_ID, wanted);
      info.set(INT, Uapi.INFO_PID, mark.pid());
      info.set(LONG, Uapi.INFO_FLAGS, Feature.bits(features));
      info.set(LONG, Uapi.INFO_SERVER_FLAGS, mark.bits());
      int result = command(Uapi.ADD_DEV, wanted, info, (int) Uapi.INFO_SIZE, 0);
      if (result == -Errno.EEXIST.number()) {
        throw new DaemonException(
            ErrorCode.ALREADY_EXISTS,
            "ublk device " + wanted,
            "is in use",
            "take another number, or none: then the first free one is taken");
      }
      if (result == EACCES && features.contains(Feature.UNPRIVILEGED)) {
        throw new DaemonException(
            ErrorCode.RESOURCE_LIMIT,
            "ublk",
            "this machine has as many devices of unprivileged processes as it may have",
            "delete some, or let root raise /sys/module/ublk_drv/parameters/ublks_max");
      }
      must(result, "ADD_DEV", wanted);
      return read(info);
    }
  }

  /** Sets what the disk will be like; before it is started. */
  public void setGeometry(int id, Geometry geometry) throws DaemonException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = arena.allocate(Uapi.PARAMS_SIZE, 8);
      int types = Uapi.PARAM_TYPE_BASIC | (geometry.discards() ? Uapi.PARAM_TYPE_DISCARD : 0);
      byte shift = (byte) Integer.numberOfTrailingZeros(geometry.block());
      int attributes =
          (geometry.readOnly() ? Uapi.ATTR_READ_ONLY : 0)
              | (geometry.volatileCache() ? Uapi.ATTR_VOLATILE_CACHE | Uapi.ATTR_FUA : 0);
      p.set(INT, 0, (int) Uapi.PARAMS_SIZE);
      p.set(INT, Uapi.PARAMS_TYPES, types);
      p.set(INT, Uapi.PARAMS_ATTRS, attributes);
      p.set(ValueLayout.JAVA_BYTE, Uapi.PARAMS_LOGICAL_SHIFT, shift);
      p.set(ValueLayout.JAVA_BYTE, Uapi.PARAMS_PHYSICAL_SHIFT, (byte) 12);
      p.set(ValueLayout.JAVA_BYTE, Uapi.PARAMS_OPTIMAL_SHIFT, (byte) 12);
      p.set(ValueLayout.JAVA_BYTE, Uapi.PARAMS_MINIMAL_SHIFT, shift);
      p.set(INT, Uapi.PARAMS_MAX_SECTORS, geometry.maxIo() >> 9);
      p.set(LONG, Uapi.PARAMS_SECTORS, geometry.size() >> 9);
      if (geometry.discards()) {
        p.set(INT, Uapi.PARAMS_DISCARD_GRANULARITY, 4096);
        p.set(INT, Uapi.PARAMS_DISCARD_SECTORS, 1 << 21);
        p.set(INT, Uapi.PARAMS_ZEROES_SECTORS, 1 << 21);
        p.set(SHORT, Uapi.PARAMS_DISCARD_SEGMENTS, (short) 1);
      }
      must(command(Uapi.SET_PARAMS, id, p, (int) Uapi.PARAMS_SIZE, 0), "SET_PARAMS", id);
    }
  }

  /** What the disk is like. */
  public Geometry geometry(int id) throws DaemonException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = arena.allocate(Uapi.PARAMS_SIZE, 8);
      p.set(INT, 0, (int) Uapi.PARAMS_SIZE);
      must(command(Uapi.GET_PARAMS, id, p, (int) Uapi.PARAMS_SIZE, 0), "GET_PARAMS", id);
      int attributes = p.get(INT, Uapi.PARAMS_ATTRS);
      return new Geometry(
          p.get(LONG, Uapi.PARAMS_SECTORS) << 9,
          1 << p.get(ValueLayout.JAVA_BYTE, Uapi.PARAMS_LOGICAL_SHIFT),
          p.get(INT, Uapi.PARAMS_MAX_SECTORS) << 9,
          (attributes & Uapi.ATTR_VOLATILE_CACHE) != 0,
          (p.get(INT, Uapi.PARAMS_TYPES) & Uapi.PARAM_TYPE_DISCARD) != 0,
          (attributes & Uapi.ATTR_READ_ONLY) != 0);
    }
  }

  /** Makes the disk. Every queue of this process waits for requests by now. */
  public void start(int id) throws DaemonException {
    must(command(Uapi.START_DEV, id, MemorySegment.NULL, 0, self()), "START_DEV", id);
  }

  /** Takes the disk away, after what is in flight has been served. Harmless when there is none. */
  public void stop(int id) throws DaemonException {
    must(command(Uapi.STOP_DEV, id, MemorySegment.NULL, 0, 0), "STOP_DEV", id);
  }

  /** Forgets the device. Whoever has its files open has to close them first. Harmless when it is gone. */
  public void delete(int id) throws DaemonException {
    int result = command(Uapi.DEL_DEV, id, MemorySegment.NULL, 0, 0);
    if (result != -Errno.ENODEV.number()) {
      must(result, "DEL_DEV", id);
    }
  }

  /** As {@link #delete}, without waiting for who has its files open. */
  public void deleteLater(int id) throws DaemonException {
    int result = command(Uapi.DEL_DEV_ASYNC, id, MemorySegment.NULL, 0, 0);
    if (result == EINVAL) {
      // The kernel does not take this one from an unprivileged process; of the other it has done
      // its part when it only waits.
      int waited = command(Uapi.DEL_DEV, id, MemorySegment.NULL, 0, 0, LATER);
      result = waited == TIMED_OUT ? 0 : waited;
    }
    if (result != -Errno.ENODEV.number()) {
      must(result, "DEL_DEV_ASYNC", id);
    }
  }

  /** Lets requests wait in the kernel, so that another server can take over. Where the kernel has {@link Feature#QUIESCE}. */
  public void quiesce(int id) throws DaemonException {
    must(command(Uapi.QUIESCE_DEV, id, MemorySegment.NULL, 0, MOST.toMillis()), "QUIESCE_DEV", id);
  }

  /** @return 0, or the kernel's refusal as a negative errno, which {@link Recovery} judges */
  int startRecovery(int id) throws DaemonException {
    return command(Uapi.START_USER_RECOVERY, id, MemorySegment.NULL, 0, 0);
  }

  /** Gives the device to this process. Every queue of it waits for requests by now. */
  public void endRecovery(int id) throws DaemonException {
    must(
        command(Uapi.END_USER_RECOVERY, id, MemorySegment.NULL, 0, self()),
        "END_USER_RECOVERY",
        id);
  }

  /** One device; empty when there is none of that number. */
  public Optional<DeviceInfo> info(int id) throws DaemonException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(Uapi.INFO_SIZE, 8);
      int result = ask(id, info);
      if (result == -Errno.ENODEV.number()) {
        return Optional.empty();
      }
      must(result, "GET_DEV_INFO", id);
      return Optional.of(read(info));
    }
  }

  /**
   * Whether this is a device of an unprivileged process whose file this one may not use: another user's, or one of its own that
   * it has not been given yet.
   */
  public boolean withheld(int id) throws DaemonException {
    try (Arena arena = Arena.ofConfined()) {
      return ask(id, arena.allocate(Uapi.INFO_SIZE, 8)) == EACCES;
    }
  }

  /** As {@link #info}; empty also for one of which this process may not know. */
  public Optional<DeviceInfo> visible(int id) throws DaemonException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(Uapi.INFO_SIZE, 8);
      int result = ask(id, info);
      if (result == -Errno.ENODEV.number() || result == EPERM || result == EACCES) {
        return Optional.empty();
      }
      must(result, "GET_DEV_INFO", id);
      return Optional.of(read(info));
    }
  }

  private int ask(int id, MemorySegment info) throws DaemonException {
    int size = (int) Uapi.INFO_SIZE;
    int result = privileged ? send(Uapi.GET_DEV_INFO, id, info, size, 0, false, MOST) : EINVAL;
    return result == EINVAL ? send(Uapi.GET_DEV_INFO2, id, info, size, 0, true, MOST) : result;
  }

  /** The processors that a queue is meant for. */
  public BitSet affinity(int id, int queue) throws DaemonException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment mask = arena.allocate(1024, 8);
      must(command(Uapi.GET_QUEUE_AFFINITY, id, mask, 1024, queue), "GET_QUEUE_AFFINITY", id);
      return BitSet.valueOf(mask.toArray(LONG));
    }
  }

  /** All devices of which this process may know, by number: for a privileged one all that there are. */
  public List<DeviceInfo> devices() throws DaemonException {
    List<Integer> numbers = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/dev"), "ublkc*")) {
      for (Path file : files) {
        String number = file.getFileName().toString().substring("ublkc".length());
        if (number.matches("[0-9]{1,9}")) {
          numbers.add(Integer.valueOf(number));
        }
      }
    } catch (IOException unreadable) {
      throw new DaemonException(
          ErrorCode.IO, "/dev", "cannot be read: " + unreadable.getMessage(), "", unreadable);
    }
    numbers.sort(null);
    List<DeviceInfo> devices = new ArrayList<>();
    for (int number : numbers) {
      visible(number).ifPresent(devices::add);
    }
    return devices;
  }

  private static DeviceInfo read(MemorySegment info) {
    return new DeviceInfo(
        info.get(INT, Uapi.INFO_ID),
        Short.toUnsignedInt(info.get(SHORT, Uapi.INFO_QUEUES)),
        Short.toUnsignedInt(info.get(SHORT, Uapi.INFO_DEPTH)),
        DeviceState.of(info.get(SHORT, Uapi.INFO_STATE)),
        info.get(INT, Uapi.INFO_MAX_IO),
        info.get(INT, Uapi.INFO_PID),
        Feature.of(info.get(LONG, Uapi.INFO_FLAGS)),
        ServerMark.of(info.get(LONG, Uapi.INFO_SERVER_FLAGS)),
        info.get(INT, Uapi.INFO_OWNER_UID));
  }

  private static long self() {
    return ProcessHandle.current().pid();
  }

  private int command(int operation, int id, MemorySegment buffer, int length, long data)
      throws DaemonException {
    return command(operation, id, buffer, length, data, MOST);
  }

  /**
   * Sends it as this process's devices want it. A privileged process finds out that a device is another's, of an unprivileged
   * one, by a refusal: before that the kernel does nothing.
   */
  private int command(
      int operation, int id, MemorySegment buffer, int length, long data, Duration most)
      throws DaemonException {
    if (!privileged && names(operation)) {
      return send(operation, id, buffer, length, data, true, most);
    }
    int result = send(operation, id, buffer, length, data, false, most);
    if (result != EINVAL || !names(operation)) {
      return result;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(Uapi.INFO_SIZE, 8);
      int plain = send(Uapi.GET_DEV_INFO, id, info, (int) Uapi.INFO_SIZE, 0, false, MOST);
      return plain == EINVAL ? send(operation, id, buffer, length, data, true, most) : result;
    }
  }

  private static boolean names(int operation) {
    return operation != Uapi.GET_FEATURES && operation != Uapi.ADD_DEV;
  }

  private int send(
      int operation,
      int id,
      MemorySegment buffer,
      int length,
      long data,
      boolean named,
      Duration most)
      throws DaemonException {
    Optional<DaemonException> missing = missing();
    if (missing.isPresent()) {
      throw missing.get();
    }
    ControlMessage message = new ControlMessage(operation, id, length, data, named);
    // Not the caller's memory: after a command that is not answered in time the kernel may still
    // write here.
    Arena scratch = Arena.ofShared();
    boolean answered = true;
    try (Descriptor control = calls.open(PATH, Syscalls.O_RDWR);
        Ring ring = Ring.open(calls, 4, true)) {
      MemorySegment exchange = scratch.allocate(Math.max(8, message.size()), 8);
      message.fill(ring.entries(), control.number(), exchange, buffer);
      ring.push(0);
      long end = System.nanoTime() + most.toNanos();
      while (ring.head() == ring.completed()) {
        long left = end - System.nanoTime();
        if (left <= 0) {
          answered = false;
          return TIMED_OUT;
        }
        int entered = ring.enter(Duration.ofNanos(left));
        if (entered < 0) {
          return entered;
        }
      }
      message.answer(exchange, buffer);
      return ring.result(ring.head());
    } catch (LinuxException refused) {
      throw new DaemonException(
          refused.is(Errno.EPERM) || refused.is(Errno.EACCES)
              ? ErrorCode.PERMISSION_DENIED
              : ErrorCode.NOT_SUPPORTED,
          PATH,
          refused.getMessage(),
          "",
          refused);
    } finally {
      if (answered) {
        scratch.close();
      }
    }
  }

  private static void must(int result, String command, int id) throws DaemonException {
    if (result >= 0) {
      return;
    }
    String thing = id < 0 ? "ublk" : "ublk device " + id;
    if (result == TIMED_OUT) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          thing,
          command + " was not answered within " + MOST.toSeconds() + " s",
          "see who has its files open, and the kernel's log");
    }
    String errno = Errno.nameOf(-result);
    ErrorCode code =
        switch (Errno.of(-result).orElse(Errno.EIO)) {
          case ENODEV, ENOENT -> ErrorCode.NOT_FOUND;
          case EPERM, EACCES -> ErrorCode.PERMISSION_DENIED;
          case EBUSY -> ErrorCode.INVALID_STATE;
          case EINVAL -> ErrorCode.CONFIGURATION;
          case ENOMEM, ENOSPC -> ErrorCode.RESOURCE_LIMIT;
          default -> ErrorCode.IO;
        };
    throw new DaemonException(
        code, thing, "the kernel refused " + command + " with " + errno, "see the kernel's log");
  }
}
