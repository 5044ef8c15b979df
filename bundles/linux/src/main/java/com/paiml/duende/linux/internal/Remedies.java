package com.paiml.duende.linux.internal;

/** What a person can do about an error number when nothing nearer to the cause is known. */
final class Remedies {
  private Remedies() {}

  static String of(int number) {
    return switch (number) {
      case 1 ->
          "It needs a privilege that this process does not have: run it as root or grant the"
              + " capability.";
      case 2 -> "Check that the path exists.";
      case 3 -> "The process is gone: nothing is to be done.";
      case 11 ->
          "A limit on processes or memory is reached: raise it (ulimit -u, pids.max) or stop"
              + " something.";
      case 12 ->
          "The kernel is out of memory or a memory limit is reached: free some or raise the limit.";
      case 13 -> "Check the permissions of the path and of every folder above it.";
      case 16 -> "Something still uses it: stop that first.";
      case 17 -> "It is there already: remove it or use another name.";
      case 20 -> "A part of the path is not a folder: correct the path.";
      case 21 -> "It is a folder: name a file.";
      case 23 -> "The whole machine is out of descriptors: raise fs.file-max.";
      case 24 -> "This process is out of descriptors: raise its limit (ulimit -n).";
      case 28 -> "The device or the kernel's table is full: free some room.";
      case 30 -> "The file system is mounted read-only: use another place.";
      case 36 -> "A name may have 255 bytes and a path 4095: shorten it.";
      case 38 -> "This kernel does not have the call: use a newer kernel.";
      case 40 -> "Symbolic links lead in a circle: correct them.";
      case 98 -> "Another process is bound there: stop it or use another path.";
      default -> "See the manual page of the call for this error.";
    };
  }
}
