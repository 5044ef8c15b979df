package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A whole Debian in a guest, with systemd, dbus and perl, on a disk of its own: what a busybox is not enough for. Its programs
 * see the guest's kernel, devices and control groups, and the guest's {@code /jre} and {@code /app}.
 *
 * <pre>{@code
 * try (Disk disk = Debian.disk();
 *     Guest guest = Guest.prepare().module("overlay").disk(disk).boot()) {
 *   Debian debian = Debian.mount(guest, "/dev/vdc");
 *   guest.must(Duration.ofMinutes(1), debian.words(List.of("systemctl", "--version")));
 * }
 * }</pre>
 */
public final class Debian {
  /** Raised when what is in the image changes. */
  private static final int LAYOUT = 1;

  private static final String SUITE = "bookworm";
  private static final String PACKAGES = "systemd,dbus,perl-base,procps,util-linux,mount";
  private static final int MEBIBYTES = 700;
  private static final Duration DOWNLOAD = Duration.ofMinutes(15);
  private static final Duration MOUNT = Duration.ofMinutes(2);
  private static final String ROOT = "/mnt";

  private Debian() {}

  /**
   * A disk with it, to be written to and closed by the caller. The first one of a machine is put together from Debian's
   * packages by mmdebstrap, which takes a minute, and kept.
   *
   * @throws Missing why it cannot be had here
   */
  public static Disk disk() throws Missing, IOException, InterruptedException {
    return disk("", PACKAGES);
  }

  /** As {@link #disk()}, with udev, which nobody has started. */
  public static Disk diskWithUdev() throws Missing, IOException, InterruptedException {
    return disk("-udev", PACKAGES + ",udev");
  }

  private static Disk disk(String kind, String packages)
      throws Missing, IOException, InterruptedException {
    Path image =
        Cache.ofThisUser()
            .folder("debian-" + SUITE + "-" + LAYOUT + kind, folder -> make(folder, packages))
            .resolve("root.ext4");
    return Disk.copyOf(image);
  }

  private static void make(Path folder, String packages)
      throws Missing, IOException, InterruptedException {
    Path tool = Command.need("mmdebstrap", "mmdebstrap");
    if (!"root".equals(System.getProperty("user.name"))) {
      throw new Missing("only root can put a Debian together here");
    }
    Path root = folder.resolve("root");
    Command.Result made =
        Command.run(
            DOWNLOAD,
            List.of(
                tool.toString(),
                "--quiet",
                "--variant=essential",
                "--include=" + packages,
                SUITE,
                root.toString()));
    if (!made.ok()) {
      throw new Missing("mmdebstrap cannot put a Debian together: " + made.output().strip());
    }
    for (String name : List.of("jre", "app")) {
      Files.createDirectories(root.resolve(name));
    }
    JavaImage.make(root, folder.resolve("root.ext4"), MEBIBYTES);
    Cache.delete(root);
  }

  /**
   * Makes it usable in a guest.
   *
   * @param device the disk's, see {@link GuestSetup#disk}
   */
  public static Debian mount(Guest guest, String device) throws IOException, InterruptedException {
    String script =
        "set -e; mount -t ext4 -o noatime "
            + device
            + " "
            + ROOT
            + "; for d in proc sys dev app jre; do mount --rbind /$d "
            + ROOT
            + "/$d; done; for d in run tmp; do mount -t tmpfs -o mode=1777 "
            + "$d "
            + ROOT
            + "/$d; done; echo 0123456789abcdef0123456789abcdef > "
            + ROOT
            + "/etc/machine-id";
    String _ = guest.must(MOUNT, "sh", "-c", script);
    return new Debian();
  }

  /** The words that run a program in it, with Debian's libraries and path. */
  public List<String> words(List<String> program) {
    List<String> words =
        new java.util.ArrayList<>(
            List.of(
                "chroot",
                ROOT,
                // By its path: the guest's busybox prefers programs of its own.
                "/usr/bin/env",
                "-i",
                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME=/root"));
    words.addAll(program);
    return words;
  }
}
