package com.paiml.duende.ublk.targets;

import java.nio.ByteBuffer;

/** Makes a page smaller, and whole again. Not safe for several threads: each has its own. */
public interface Compressor extends AutoCloseable {
  /**
   * Compresses a page.
   *
   * @param page direct, from its beginning
   * @param packed direct, with room for a page that grows
   * @return bytes in {@code packed}; 0 or less when it cannot be done
   */
  int compress(ByteBuffer page, ByteBuffer packed);

  /**
   * Makes it whole again.
   *
   * @return whether a whole page came out
   */
  boolean decompress(ByteBuffer packed, int length, ByteBuffer page);

  @Override
  void close();
}
