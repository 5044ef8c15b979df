package com.paiml.duende.spi;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** Something that {@code duende doctor} looks at. Registered as a service. */
@ConsumerType
public interface Diagnostic {
  /** Looks, by trying. Returns by the deadline, changes nothing. */
  List<Finding> examine(Deadline deadline);

  /**
   * @param area what was looked at: "linux: pidfd", "docker"
   * @param verdict what was found
   * @param text in one sentence
   * @param remedy what to do; empty when there is nothing to do
   */
  record Finding(String area, Verdict verdict, String text, String remedy) {}

  /** What a look found. */
  enum Verdict {
    OK,
    /** Works, with less. */
    DEGRADED,
    /** Is not here, and need not be. */
    ABSENT,
    /** Ought to work and does not. */
    BROKEN
  }
}
