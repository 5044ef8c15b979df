package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What a platform's own tool says of a daemon, asked another way than the adapter's: {@code duende doctor --prove} does not
 * take the adapter's word for it. Registered as a service with the property {@link PlatformAdapter#PLATFORM}.
 */
@ConsumerType
public interface PlatformWitness {
  /** The tool and its argument, as a person would type it: "launchctl list". */
  String tool();

  /**
   * Looks. Returns by the deadline, changes nothing.
   *
   * @param daemon its name
   * @return the line that the tool prints of it; empty when it shows none
   * @throws DaemonException when the tool cannot be asked
   */
  Optional<String> see(String daemon, Deadline deadline) throws DaemonException;
}
