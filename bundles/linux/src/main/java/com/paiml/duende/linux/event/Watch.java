package com.paiml.duende.linux.event;

import org.osgi.annotation.versioning.ProviderType;

/** A descriptor under watch in an {@link EventLoop}. */
@ProviderType
public interface Watch extends AutoCloseable {
  /**
   * Ends it; again is harmless. Called on the loop's thread, no call follows; from another thread one
   * call may be under way still. Close the watch before the descriptor.
   */
  @Override
  void close();
}
