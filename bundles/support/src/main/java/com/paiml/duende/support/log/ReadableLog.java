package com.paiml.duende.support.log;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A log that a {@link LogReader} can read. Positions count bytes, a rotation does not change them, and what was dropped is
 * before the oldest. Safe for threads.
 */
public interface ReadableLog {

  /**
   * Bytes of the log.
   *
   * @param position of the first
   * @param count how many; 0 at the end of what is there
   */
  record Piece(long position, int count) {}

  /** {@return the file that is written now, to name it in an error} */
  Path file();

  /** {@return the position of the oldest byte that is still there} */
  long oldest();

  /** {@return the position after the newest byte} */
  long end();

  /** Reads from a position, or from the oldest byte when that one has been dropped. */
  Piece read(long wanted, byte[] into) throws IOException;

  /** {@return a number that is another one whenever there may be more to read} */
  long changes();

  /** Waits until there may be more than when {@link #changes()} gave {@code seen}, or until the time is up. */
  void awaitChange(long seen, long nanos) throws InterruptedException;

  /** Somebody waits for changes from now on. */
  void follow();

  /** Who followed does so no longer; wakes all that wait. */
  void unfollow();

  /** {@return whether nothing more will be written} */
  boolean isClosed();
}
