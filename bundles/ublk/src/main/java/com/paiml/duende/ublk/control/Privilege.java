package com.paiml.duende.ublk.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Whether the kernel's ublk takes this process for a privileged one: CAP_SYS_ADMIN, in the initial user namespace, for root of a
 * container's own user namespace is not. The kernel checks it itself; this is known sooner, before anything is made.
 */
public final class Privilege {
  /** The rule of udev's that gives the files of devices to who has added them. */
  public static final String RULE = "70-duende-ublk.rules";

  // linux/capability.h
  static final int CAP_SYS_ADMIN = 21;

  /** include/linux/proc_ns.h: PROC_USER_INIT_INO, the inode of the initial user namespace. */
  private static final String INITIAL = "user:[4026531837]";

  private Privilege() {}

  /** Asks the kernel for this process. On a machine without it there is nothing to be refused: true. */
  public static boolean here() {
    try {
      Path self = Path.of("/proc/self");
      if (!Files.exists(self)) {
        return true;
      }
      return of(
          Files.readAllLines(self.resolve("status")),
          Files.readSymbolicLink(self.resolve("ns/user")).toString());
    } catch (IOException hidden) {
      return true; // the kernel will say
    }
  }

  static boolean of(List<String> status, String namespace) {
    for (String line : status) {
      if (line.startsWith("CapEff:")) {
        long held = Long.parseUnsignedLong(line.substring(7).strip(), 16);
        return (held & 1L << CAP_SYS_ADMIN) != 0 && namespace.equals(INITIAL);
      }
    }
    return true;
  }
}
