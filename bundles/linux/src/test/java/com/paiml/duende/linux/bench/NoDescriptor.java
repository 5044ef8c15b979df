package com.paiml.duende.linux.bench;

import com.paiml.duende.linux.kernel.Descriptor;

/** For the contender that brings its own pipe. */
enum NoDescriptor implements Descriptor {
  INSTANCE;

  @Override
  public int number() {
    return -1;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    return 0;
  }

  @Override
  public int write(byte[] from, int offset, int length) {
    return 0;
  }

  @Override
  public boolean isClosed() {
    return true;
  }

  @Override
  public void close() {}
}
