package com.paiml.duende.adapter.pepita.channel;

import java.io.IOException;
import java.nio.ByteBuffer;

/** What carries the bytes of a {@link Sockets.Socket}, on the thread that serves it. */
interface Wire {
  /** Does that soon, on that thread. */
  void run(Runnable task);

  /** Whether that thread has ended, or is about to. */
  boolean isOver();

  /**
   * Reads what is there.
   *
   * @return how much; less than 0 at the end
   */
  int read(ByteBuffer into) throws IOException;

  /**
   * Writes what there is room for.
   *
   * @return how much
   */
  int write(ByteBuffer from) throws IOException;

  /**
   * From now on it is told of bytes that come.
   *
   * @param room whether also of room for some that go
   */
  void waitFor(boolean room);

  void close();
}
