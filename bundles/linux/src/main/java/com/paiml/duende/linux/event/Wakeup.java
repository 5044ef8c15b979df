package com.paiml.duende.linux.event;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import org.osgi.annotation.versioning.ProviderType;

/** A counter that makes a loop turn, eventfd(2); also what the kernel counts v1 memory events in. */
@ProviderType
public interface Wakeup extends AutoCloseable {

  /** Readable while the count is above 0. */
  Descriptor descriptor();

  /** Adds one. */
  void signal() throws LinuxException;

  /** Takes the count, 0 when there is none, and sets it to 0. */
  long take() throws LinuxException;

  @Override
  void close();
}
