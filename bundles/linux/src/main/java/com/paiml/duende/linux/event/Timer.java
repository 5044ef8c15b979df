package com.paiml.duende.linux.event;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.time.Duration;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A timer on the monotonic clock, which nobody can set back, timerfd_create(2).
 */
@ProviderType
public interface Timer extends AutoCloseable {

  /** Readable when it has run out. */
  Descriptor descriptor();

  /**
   * Sets it anew.
   *
   * @param first from now; zero or less means at once
   * @param every then each time after so long; zero for once only
   */
  void arm(Duration first, Duration every) throws LinuxException;

  /** Stops it. */
  void disarm() throws LinuxException;

  /** How often it has run out since the last call, 0 when it has not; makes it unreadable again. */
  long expirations() throws LinuxException;

  @Override
  void close();
}
