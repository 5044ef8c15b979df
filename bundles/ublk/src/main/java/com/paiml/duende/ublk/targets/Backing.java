package com.paiml.duende.ublk.targets;

import com.paiml.duende.spi.BlockTarget;

/** What a queue serves its requests from: an object that is called, or a file that is read and written on the queue's own ring. */
public sealed interface Backing extends AutoCloseable permits Called, OnRing {
  /** Bytes. */
  long size();

  /** The smallest unit that is read and written, bytes. */
  int block();

  /** Whether what is written is durable only after a flush. */
  boolean volatileCache();

  /** Whether what it holds is still there for the next server after this one was killed. */
  boolean survives();

  /** Lets go of it; what it holds stays, where it {@link #survives}. */
  @Override
  void close();

  /** Lets go of it for good: what is in memory goes. */
  default void discard() {
    close();
  }

  /** One that is called. */
  static Backing of(BlockTarget target) {
    return new Called(target, 512, true, true, target::close);
  }
}
