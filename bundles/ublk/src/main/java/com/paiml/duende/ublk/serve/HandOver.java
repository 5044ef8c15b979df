package com.paiml.duende.ublk.serve;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.ublk.control.Control;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.control.Privilege;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The files of an unprivileged process's device. The kernel makes them root's; a rule of udev's asks the kernel whose device it
 * is, and gives them to that user.
 */
public final class HandOver {
  /** How long udev may take. */
  static final Duration MOST = Duration.ofSeconds(30);

  static final String INSTALL = "let root install it, as service/install.sh does";

  /** The same, where a device stays behind. */
  static final String LEFT = INSTALL + ", and delete the device: ublk:cleanup";

  private static final Path UDEV = Path.of("/run/udev/control");
  private static final List<Path> RULES =
      List.of(
          Path.of("/etc/udev/rules.d"),
          Path.of("/run/udev/rules.d"),
          Path.of("/usr/local/lib/udev/rules.d"),
          Path.of("/usr/lib/udev/rules.d"),
          Path.of("/lib/udev/rules.d"));
  private static final int POLL_MILLIS = 10;

  private HandOver() {}

  /**
   * Refuses where a udev runs that has no rule for ublk: a device that is added all the same could not even be deleted by who
   * has added it.
   */
  static void expect() throws DaemonException {
    if (Files.exists(UDEV) && RULES.stream().noneMatch(HandOver::mentions)) {
      throw new DaemonException(
          ErrorCode.PERMISSION_DENIED,
          "ublk",
          "udev has no rule that gives a device's files to its user: "
              + Privilege.RULE
              + " is missing",
          INSTALL);
    }
  }

  private static boolean mentions(Path folder) {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.rules")) {
      for (Path file : files) {
        if (Files.isReadable(file)
            && Files.readAllLines(file).stream()
                .anyMatch(line -> !line.startsWith("#") && line.contains("ublk"))) {
          return true;
        }
      }
      return false;
    } catch (IOException unreadable) {
      return true; // it may be there: then it shows
    }
  }

  /**
   * Waits until this user may read and write a device's file.
   *
   * @param remedy what to do where that does not come
   * @throws DaemonException {@code permission-denied} when it has not come in time
   */
  static void await(String path, String remedy) throws DaemonException, InterruptedException {
    long end = System.nanoTime() + MOST.toNanos();
    Path file = Path.of(path);
    while (!Files.isReadable(file) || !Files.isWritable(file)) {
      pause(end, path, remedy);
    }
  }

  /**
   * The device that a server of this user has left, waited for where it has not been given to the user yet.
   *
   * @return empty when it is gone, and its number free or another's
   */
  public static Optional<DeviceInfo> left(Control control, int id)
      throws DaemonException, InterruptedException {
    long end = System.nanoTime() + MOST.toNanos();
    String path = "/dev/ublkc" + id;
    while (control.withheld(id) && rootHas(Path.of(path))) {
      pause(end, path, LEFT);
    }
    return control.visible(id);
  }

  private static boolean rootHas(Path file) {
    try {
      return Files.getAttribute(file, "unix:uid").equals(0);
    } catch (IOException gone) {
      return false;
    }
  }

  private static void pause(long end, String path, String remedy)
      throws DaemonException, InterruptedException {
    if (System.nanoTime() > end) {
      throw new DaemonException(
          ErrorCode.PERMISSION_DENIED,
          path,
          "was not given to this user within "
              + MOST.toSeconds()
              + " s: udev does not run, or its rule "
              + Privilege.RULE
              + " is missing",
          remedy);
    }
    TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
  }
}
