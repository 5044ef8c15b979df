package com.paiml.duende.adapter.pepita.channel;

/** Something that the guest could not do, with its errno (0 for none). */
public final class GuestFault extends Exception {
  private static final long serialVersionUID = 1L;
  private final String what;
  private final int errno;

  GuestFault(String what, int errno) {
    super(what);
    this.what = what;
    this.errno = errno;
  }

  public int errno() {
    return errno;
  }

  /** In words. */
  public String describe() {
    return switch (errno) {
      case 0 -> what;
      case 2 -> what + ": no such file or directory (ENOENT)";
      case 7 -> what + ": an argument or variable is too long (E2BIG)";
      case 8 -> what + ": not a program for this machine (ENOEXEC)";
      case 12 -> what + ": too little memory (ENOMEM)";
      case 13 -> what + ": permission denied (EACCES)";
      case 20 -> what + ": not a directory (ENOTDIR)";
      case 22 -> what + ": no file system that the guest's kernel knows (EINVAL)";
      case 28 -> what + ": no space left in the guest (ENOSPC)";
      case 36 -> what + ": the path is too long (ENAMETOOLONG)";
      case 40 -> what + ": a circle of symbolic links (ELOOP)";
      case 74 -> what + " (EBADMSG)";
      default -> what + ": errno " + errno;
    };
  }
}
