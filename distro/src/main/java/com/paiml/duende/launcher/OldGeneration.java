package com.paiml.duende.launcher;

import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;

/**
 * Has the whole heap collected when what is in it has doubled. The serial collector does that by itself only when the old
 * generation cannot grow any more, which is at {@code -Xmx}: until then all that has once outlived a few collections of the
 * young generation stays, and with steady work a container of 30 MB took 600 within minutes. A thread waits for the collections
 * of the young generation, and looks after each; at rest there are none, and nothing happens.
 */
final class OldGeneration implements AutoCloseable, Runnable {
  /** Bytes below which it is left alone: what a thousand starts at once leave behind is not worth a pause among them. */
  private static final long PLENTY = 64L << 20;

  private final Thread thread = new Thread(null, this, "duende-heap", 1 << 16);

  static OldGeneration watch() {
    OldGeneration watch = new OldGeneration();
    watch.thread.setDaemon(true);
    watch.thread.start();
    return watch;
  }

  @Override
  public void run() {
    ReferenceQueue<Object> collected = new ReferenceQueue<>();
    long limit = PLENTY;
    try {
      while (true) {
        awaitCollection(collected);
        if (used() > limit) {
          System.gc();
          limit = Math.max(PLENTY, 2 * used());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What nobody refers to is gone with the next collection. */
  private static void awaitCollection(ReferenceQueue<Object> collected)
      throws InterruptedException {
    WeakReference<Object> sign = new WeakReference<>(new Object(), collected);
    try {
      Reference<?> _ = collected.remove();
    } finally {
      Reference.reachabilityFence(sign);
    }
  }

  private static long used() {
    Runtime jvm = Runtime.getRuntime();
    return jvm.totalMemory() - jvm.freeMemory();
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
