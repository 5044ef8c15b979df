package com.paiml.duende.mlock;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.MemoryLock;

/** A JVM of its own that locks itself as it is told and says what came of it. */
final class LockProbe {
  private LockProbe() {}

  public static void main(String[] args) {
    JvmMemoryLock lock = new JvmMemoryLock();
    MemoryLock.Config config =
        new MemoryLock.Config(
            args[0].contains("c"),
            args[0].contains("f"),
            args[0].contains("r"),
            args[0].contains("o"));
    try {
      System.out.println(lock.lock(config));
    } catch (DaemonException refused) {
      System.out.println("refused " + refused.code() + ": " + refused.getMessage());
    }
    Thread thread = Thread.ofPlatform().start(() -> System.out.println("a thread starts"));
    try {
      thread.join();
    } catch (InterruptedException impossible) {
      throw new IllegalStateException(impossible);
    }
    System.out.println("locked " + lock.isLocked());
  }
}
