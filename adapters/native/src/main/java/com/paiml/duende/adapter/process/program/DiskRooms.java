package com.paiml.duende.adapter.process.program;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * State directories that cannot grow past {@code resources.disk}: each is a file system of that size, in a file inside the
 * very directory that it is mounted on. So it goes with the directory, outlives the run, the container and the machine's next
 * start, and whoever writes past its end has ENOSPC, and nobody else has. Quotas of projects, the other way, take a kernel
 * and a mount that few machines have.
 */
final class DiskRooms {
  private static final int PLAIN_KEPT = 20_000;
  private static final Logger LOGGER = System.getLogger(DiskRooms.class.getName());

  /** In a state directory that is not mounted: the file system. */
  static final String IMAGE = ".duende-disk";

  /** Less has no room for the tables of the file system. */
  static final long LEAST = 1 << 20;

  /** A journal takes 4 MiB: what is smaller goes without, and is checked before it is mounted. */
  private static final long JOURNALLED = 64 << 20;

  private static final Duration TRIAL = Duration.ofSeconds(30);
  private static final int SECTOR = 512;

  private final Optional<String> cannot;
  private final Map<Path, Held> rooms = new ConcurrentHashMap<>();
  // State directories without a disk, as found by looking: a next run without one need not look.
  private final Set<Path> plain = ConcurrentHashMap.newKeySet();
  private Optional<Optional<String>> tried = Optional.empty();

  /** Guarded by itself. */
  private static final class Held {
    private long owner;
    private boolean ended;
  }

  private DiskRooms(Optional<String> cannot) {
    this.cannot = cannot;
  }

  /** Finds what it takes; whether the kernel agrees is found out by {@link #refusal}, once somebody wants it. */
  static DiskRooms detect(int uid) {
    if (uid != 0) {
      return new DiskRooms(Optional.of("only root can mount: start Duende as root"));
    }
    if (!Files.exists(Path.of("/dev/loop-control"))) {
      return new DiskRooms(Optional.of("there are no loop devices: load the kernel's module loop"));
    }
    for (String tool : List.of("mke2fs", "e2fsck", "mount", "umount")) {
      if (SystemTool.find(tool).isEmpty()) {
        return new DiskRooms(
            Optional.of(tool + " is missing: install e2fsprogs and mount (util-linux)"));
      }
    }
    return new DiskRooms(Optional.empty());
  }

  /** Why there are none on this machine, as far as can be seen without trying. */
  Optional<String> cannot() {
    return cannot;
  }

  /** Why there are none on this machine, found by making one, once. */
  synchronized Optional<String> refusal() {
    if (cannot.isPresent()) {
      return cannot;
    }
    if (tried.isEmpty()) {
      tried = Optional.of(trial());
    }
    return tried.get();
  }

  private static Optional<String> trial() {
    try {
      Path folder = Files.createTempDirectory("duende-disk-");
      Path image = folder.resolve(IMAGE);
      try {
        make(folder, image, LEAST, Deadline.after(TRIAL));
        mount(folder, image, Deadline.after(TRIAL));
        unmount(folder, Deadline.after(TRIAL));
        return Optional.empty();
      } finally {
        Files.deleteIfExists(image);
        Files.deleteIfExists(folder);
      }
    } catch (IOException refused) {
      return Optional.of("a trial failed: " + refused.getMessage());
    }
  }

  /** Makes the state directory of a run what its configuration says, and the run its owner. */
  void prepare(LaunchSpec spec, Deadline deadline) throws DaemonException {
    Path folder = spec.stateDirectory();
    Resources resources = spec.config().resources();
    if (resources.disk() <= 0 && plain.contains(folder)) {
      return;
    }
    plain.remove(folder);
    try {
      boolean mounted = isMounted(folder);
      if (resources.disk() <= 0 && !mounted && !Files.exists(folder.resolve(IMAGE))) {
        if (plain.size() >= PLAIN_KEPT) {
          plain.clear();
        }
        plain.add(folder);
        return;
      }
      if (refusal().isPresent()) {
        refuse(spec, refusal().get());
        return;
      }
      Held held = rooms.computeIfAbsent(folder, f -> new Held());
      synchronized (held) {
        held.owner = spec.generation();
        held.ended = false;
        fit(spec, resources.disk(), mounted, deadline);
      }
    } catch (IOException refused) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          spec.name(),
          "resources.disk = " + resources.disk() + " cannot be enforced: " + refused.getMessage(),
          "write another size, or resources.enforce = \"best-effort\" and no size",
          refused);
    }
  }

  private static void refuse(LaunchSpec spec, String why) throws DaemonException {
    if (spec.config().resources().enforce() == Resources.Enforce.STRICT) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          spec.name(),
          "resources.disk cannot be enforced: " + why,
          "or write resources.enforce = \"best-effort\"");
    }
  }

  private static void fit(LaunchSpec spec, long asked, boolean mounted, Deadline deadline)
      throws IOException, DaemonException {
    Path folder = spec.stateDirectory();
    Path image = folder.resolve(IMAGE);
    if (mounted) {
      if (asked <= 0 || size(folder) == rounded(asked)) {
        return;
      }
      unmount(folder, deadline);
    }
    if (!Files.exists(image)) {
      refuseFiles(spec);
      make(folder, image, asked, deadline);
    } else if (asked > 0 && Files.size(image) != rounded(asked)) {
      resize(image, rounded(asked), deadline);
    }
    mount(folder, image, deadline);
  }

  private static void refuseFiles(LaunchSpec spec) throws IOException, DaemonException {
    try (Stream<Path> files = Files.list(spec.stateDirectory())) {
      if (files.findAny().isPresent()) {
        throw new DaemonException(
            ErrorCode.RESOURCE_LIMIT,
            spec.name(),
            "resources.disk is new, and " + spec.stateDirectory() + " has files already",
            "move them away, start it, and move them back");
      }
    }
  }

  /** Whole blocks of 4 KiB, never more than was asked. */
  private static long rounded(long bytes) {
    return Math.max(LEAST, bytes & -4096L);
  }

  private static void make(Path folder, Path image, long bytes, Deadline deadline)
      throws IOException {
    if (bytes < LEAST) {
      throw new IOException("less than 1 MiB has no room for a file system");
    }
    Path fresh = folder.resolve(IMAGE + ".new");
    try {
      Files.deleteIfExists(fresh);
      Files.createFile(
          fresh,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      setLength(fresh, rounded(bytes));
      SystemTool.run(
          deadline,
          "mke2fs",
          "-q",
          "-F",
          "-t",
          "ext4",
          "-b",
          "4096",
          "-m",
          "0",
          "-O",
          bytes < JOURNALLED ? "^has_journal" : "has_journal",
          fresh.toString());
      Files.move(fresh, image, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static void setLength(Path file, long bytes) throws IOException {
    try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
      access.setLength(bytes);
    }
  }

  /** What is in it stays; what does not fit any more is refused by resize2fs(8). */
  private static void resize(Path image, long bytes, Deadline deadline) throws IOException {
    SystemTool.run(deadline, "e2fsck", "-f", "-p", image.toString());
    if (bytes > Files.size(image)) {
      setLength(image, bytes);
      SystemTool.run(deadline, "resize2fs", image.toString());
    } else {
      SystemTool.run(deadline, "resize2fs", image.toString(), bytes / 1024 + "K");
      setLength(image, bytes);
    }
  }

  private static void mount(Path folder, Path image, Deadline deadline) throws IOException {
    // The machine may have lost its power since. One that is clean is let be at once.
    SystemTool.run(deadline, "e2fsck", "-p", image.toString());
    SystemTool.run(
        deadline,
        "mount",
        "-t",
        "ext4",
        "-o",
        "loop,nosuid,nodev",
        image.toString(),
        folder.toString());
    Files.deleteIfExists(folder.resolve("lost+found"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
  }

  private static void unmount(Path folder, Deadline deadline) throws IOException {
    SystemTool.run(deadline, "umount", folder.toString());
  }

  /** Another device than the folder above it. */
  private static boolean isMounted(Path folder) throws IOException {
    Path above = folder.resolve("..");
    return Files.isDirectory(folder)
        && !Files.getAttribute(folder, "unix:dev").equals(Files.getAttribute(above, "unix:dev"));
  }

  /** The kernel's file of the device that is mounted there. */
  private static Path sizeFile(Path folder) throws IOException {
    long device = (Long) Files.getAttribute(folder, "unix:dev");
    // makedev(3)
    long major = ((device >> 8) & 0xfff) | ((device >> 32) & ~0xfffL);
    long minor = (device & 0xff) | ((device >> 12) & ~0xffL);
    return Path.of("/sys/dev/block/" + major + ":" + minor + "/size");
  }

  private static long size(Path folder) throws IOException {
    return Long.parseLong(Files.readString(sizeFile(folder)).strip()) * SECTOR;
  }

  /** Found again with a run that goes on. */
  void adopt(LaunchSpec spec) {
    try {
      if (isMounted(spec.stateDirectory())) {
        Held held = rooms.computeIfAbsent(spec.stateDirectory(), f -> new Held());
        synchronized (held) {
          held.owner = spec.generation();
        }
      }
    } catch (IOException unreadable) {
      LOGGER.log(Level.WARNING, spec.name() + ": " + unreadable.getMessage());
    }
  }

  /** The run is over; its files can be looked at until it is destroyed. */
  void ended(LaunchSpec spec) {
    Held held = rooms.get(spec.stateDirectory());
    if (held != null) {
      synchronized (held) {
        held.ended |= held.owner == spec.generation();
      }
    }
  }

  /** The run is destroyed: its directory is no mount any more, unless a later run has it. */
  void release(LaunchSpec spec) throws DaemonException {
    Held held = rooms.get(spec.stateDirectory());
    if (held == null) {
      return;
    }
    synchronized (held) {
      if (held.owner != spec.generation()) {
        return;
      }
      try {
        if (isMounted(spec.stateDirectory())) {
          unmount(spec.stateDirectory(), Deadline.after(TRIAL));
        }
        rooms.remove(spec.stateDirectory());
      } catch (IOException refused) {
        throw new DaemonException(
            ErrorCode.IO,
            spec.name(),
            "its state directory cannot be unmounted: " + refused.getMessage(),
            "see who uses it: fuser -vm " + spec.stateDirectory(),
            refused);
      }
    }
  }

  /** Unmounts those whose runs have ended; the others go on. */
  void close() {
    rooms.forEach(
        (folder, held) -> {
          synchronized (held) {
            try {
              if (held.ended && isMounted(folder)) {
                unmount(folder, Deadline.after(TRIAL));
              }
            } catch (IOException refused) {
              LOGGER.log(Level.WARNING, folder + " stays mounted: " + refused.getMessage());
            }
          }
        });
  }

  /** What the kernel says of it; empty where nobody has asked for a limit and there is none. */
  Optional<LimitReport> report(LaunchSpec spec, Resources resources) {
    String key = "resources.disk";
    String asked = Long.toString(resources.disk());
    try {
      if (!isMounted(spec.stateDirectory())) {
        return resources.disk() <= 0
            ? Optional.empty()
            : Optional.of(
                new LimitReport(key, asked, "", "", false, refusal().orElse("not mounted")));
      }
      long size = size(spec.stateDirectory());
      boolean inForce = resources.disk() > 0 && size == rounded(resources.disk());
      return Optional.of(
          new LimitReport(
              key,
              asked,
              Long.toString(size),
              sizeFile(spec.stateDirectory()).toString(),
              inForce,
              inForce
                  ? ""
                  : resources.disk() > 0
                      ? "its size changes at the next start"
                      : "there was a limit, and the directory keeps its size"));
    } catch (IOException unreadable) {
      return Optional.of(
          new LimitReport(key, asked, "", "", false, String.valueOf(unreadable.getMessage())));
    }
  }
}
