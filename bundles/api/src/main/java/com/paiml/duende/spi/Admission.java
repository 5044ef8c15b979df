package com.paiml.duende.spi;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Decides which requests a daemon takes: at most {@code policy.rate_limit} a second, at most {@code policy.queue} in
 * progress or waiting at a time. The daemon's own code asks; what it is told follows its configuration as it is now. Any
 * thread may call; lock-free, and without allocation.
 */
@ProviderType
public interface Admission {
  /** Asks for one request. {@link Outcome#ADMITTED} must be followed by {@link #leave()}. */
  Outcome enter();

  /** The request is done. */
  void leave();

  /** How many are in progress or waiting. */
  int inside();

  /** The answers. */
  enum Outcome {
    ADMITTED,
    /** More than the rate allows. */
    RATE_LIMITED,
    /** As many as may wait are waiting. */
    QUEUE_FULL
  }

  /** Where daemons find theirs. */
  @ProviderType
  interface Registry {
    /** The one of the daemon of that name; always the same object. */
    Admission of(String daemon);
  }
}
