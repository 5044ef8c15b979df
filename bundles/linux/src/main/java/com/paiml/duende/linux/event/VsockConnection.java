package com.paiml.duende.linux.event;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import org.osgi.annotation.versioning.ProviderType;

/** A stream to a virtual machine, or one that is being made, vsock(7). */
@ProviderType
public interface VsockConnection extends AutoCloseable {

  /** Both directions, not blocking; writable when the connection is there or has failed. */
  Descriptor descriptor();

  /**
   * What became of it; to be called once the descriptor is writable, or in error.
   *
   * @throws LinuxException {@code ECONNRESET} when nobody listens there, {@code ETIMEDOUT} when the
   *     machine does not answer, {@code ENODEV} when it is gone
   */
  void finish() throws LinuxException;

  @Override
  void close();
}
