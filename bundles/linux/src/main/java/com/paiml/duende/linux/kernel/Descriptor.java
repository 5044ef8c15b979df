package com.paiml.duende.linux.kernel;

import org.osgi.annotation.versioning.ProviderType;

/**
 * An open file descriptor of this process, closed on exec. Safe for use by several threads: once
 * closed, every method refuses, so that a number which the kernel has handed out again is never
 * touched by mistake.
 */
@ProviderType
public interface Descriptor extends AutoCloseable {

  /**
   * The number. Valid until {@link #close()}: who keeps it longer than that may hit a stranger.
   *
   * @throws LinuxException {@code EBADF} after close
   */
  int number() throws LinuxException;

  /**
   * Reads what is there, read(2).
   *
   * @return the number of bytes, 0 at the end of the stream, -1 when a non-blocking descriptor has
   *     nothing now
   */
  int read(byte[] into, int offset, int length) throws LinuxException;

  /**
   * Writes, write(2).
   *
   * @return the number of bytes taken, -1 when a non-blocking descriptor takes none now
   */
  int write(byte[] from, int offset, int length) throws LinuxException;

  /** Whether {@link #close()} was called. */
  boolean isClosed();

  /** Closes it. Again is harmless. */
  @Override
  void close();
}
