package com.paiml.duende.linux.process;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A start of which everything is ready in native memory: no descriptor, no process. It is good for one time. Whoever has it closes
 * it, unless it was given away with {@link SuccessionWatch#arm}.
 */
@ProviderType
public interface PreparedStart extends AutoCloseable {
  /** The native memory that it takes, in bytes. */
  long bytes();

  /** Frees it; again is harmless. */
  @Override
  void close();
}
