package com.paiml.duende.spi;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What stands behind a block device that this process serves. Calls come from the device's queue threads, several at once
 * for different ranges, and allocate nothing.
 */
@ConsumerType
public interface BlockTarget extends AutoCloseable {
  /** Size in bytes, a multiple of 512. */
  long size();

  /** @return 0, or a negative errno */
  int read(long offset, MemorySegment into);

  /** @return 0, or a negative errno */
  int write(long offset, MemorySegment from);

  /** Makes all completed writes durable. */
  int flush();

  /** Forgets a range; reads of it give zeros afterwards. */
  int discard(long offset, long length);

  @Override
  void close();
}
