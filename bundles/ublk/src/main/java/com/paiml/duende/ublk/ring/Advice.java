package com.paiml.duende.ublk.ring;

import com.paiml.duende.linux.kernel.Errno;

/** What a person can do about an error number of a block device's server. */
final class Advice {
  private Advice() {}

  static String of(int number) {
    return switch (Errno.of(number).orElse(Errno.EIO)) {
      case EPERM, EACCES -> "Run it as root, or give the user rights on the device files.";
      case ENOMEM -> "Raise the limit on locked memory, or make the device smaller.";
      case ENOSYS -> "io_uring is not there: Linux 6.0 or later, and no sandbox that denies it.";
      case ENOENT -> "Look at the path.";
      case EMFILE, ENFILE -> "Raise the limit on open files.";
      default -> "See the kernel's log.";
    };
  }
}
