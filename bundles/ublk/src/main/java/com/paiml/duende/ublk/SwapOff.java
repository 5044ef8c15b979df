package com.paiml.duende.ublk;

import com.paiml.duende.ublk.ring.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;

/** Gives up the swap on a disk before the disk goes. */
final class SwapOff {
  private SwapOff() {}

  /** Whether there is none on it any more. */
  static boolean of(Syscalls calls, String disk) {
    if (!carries(disk)) {
      return true;
    }
    try (Arena arena = Arena.ofConfined()) {
      long _ = calls.call("swapoff", arena.allocateFrom(disk).address(), 0, 0);
    }
    return !carries(disk);
  }

  private static boolean carries(String disk) {
    try {
      return Files.readAllLines(Path.of("/proc/swaps")).stream()
          .anyMatch(line -> line.startsWith(disk + " "));
    } catch (IOException noSwapInThisKernel) {
      return false;
    }
  }
}
