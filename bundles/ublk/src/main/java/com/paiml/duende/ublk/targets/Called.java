package com.paiml.duende.ublk.targets;

import com.paiml.duende.spi.BlockTarget;

/**
 * An object that is called on the queue's thread.
 *
 * @param target the object
 * @param block the smallest unit that is read and written, bytes
 * @param volatileCache whether it wants to hear of flushes
 * @param survives whether the next server finds what it holds
 * @param forGood what is done, in place of closing it, when its device is deleted
 */
public record Called(
    BlockTarget target, int block, boolean volatileCache, boolean survives, Runnable forGood)
    implements Backing {
  @Override
  public long size() {
    return target.size();
  }

  @Override
  public void close() {
    target.close();
  }

  @Override
  public void discard() {
    forGood.run();
  }
}
