package com.paiml.duende.linux.event;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A bound unix datagram socket that learns from the kernel who sent each message: the receiving end
 * of the sd_notify(3) protocol. Descriptors that a sender attaches are closed at once, which is also
 * what a {@code BARRIER=1} message waits for.
 */
@ProviderType
public interface NotifySocket extends AutoCloseable {

  /** Messages longer than this many bytes are cut. */
  int MAX_BYTES = 16 * 1024;

  /** Where it is bound: the value for {@code NOTIFY_SOCKET}. */
  Path path();

  /** Readable when a message waits. */
  Descriptor descriptor();

  /**
   * Takes one message, without waiting.
   *
   * @return empty when none waits
   */
  Optional<Datagram> receive() throws LinuxException;

  /** Closes it and removes its file. */
  @Override
  void close();
}
