package com.paiml.duende.spi;

import com.paiml.duende.api.HealthStatus;
import org.osgi.annotation.versioning.ConsumerType;

/** A way to ask a daemon for its health or readiness. Registered with the property {@link #TYPE}. */
@ConsumerType
public interface HealthProbe {
  /** Service property: the word of the daemon file, {@code http}, {@code tcp}. */
  String TYPE = "duende.probe";

  /**
   * Asks once. Returns by the deadline, never throws for what it finds.
   *
   * @param target the URL or address of the daemon file
   */
  HealthStatus probe(String target, Deadline deadline);
}
