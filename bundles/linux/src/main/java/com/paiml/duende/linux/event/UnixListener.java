package com.paiml.duende.linux.event;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** A bound unix stream socket that knows who connects, unix(7). */
@ProviderType
public interface UnixListener extends AutoCloseable {

  /**
   * Somebody who has connected.
   *
   * @param descriptor both directions, not blocking; closed by who takes it
   * @param peer who it was at connect(2), by the kernel's word ({@code SO_PEERCRED})
   */
  record Connection(Descriptor descriptor, PeerCredentials peer) implements AutoCloseable {
    @Override
    public void close() {
      descriptor.close();
    }
  }

  /** Where it is bound. */
  Path path();

  /** Readable when somebody waits. */
  Descriptor descriptor();

  /**
   * Takes the next who waits, without waiting.
   *
   * @return empty when nobody does
   */
  Optional<Connection> accept() throws LinuxException;

  /** Closes it and removes its file; connections stay. */
  @Override
  void close();
}
