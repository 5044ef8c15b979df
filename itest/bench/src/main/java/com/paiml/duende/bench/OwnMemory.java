package com.paiml.duende.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;

/**
 * What this process takes.
 *
 * @param heap bytes of live objects
 * @param resident bytes of its pages in memory
 */
record OwnMemory(double heap, double resident) {
  private static final int COLLECTIONS = 3;
  private static final double MEBIBYTE = 1 << 20;

  /** After what is dead has been collected. */
  static OwnMemory settled() throws IOException {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
    }
    double heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    return new OwnMemory(heap, Programs.rss(ProcessHandle.current().pid()) * MEBIBYTE);
  }
}
