package com.paiml.duende.spi;

import java.time.Duration;
import org.osgi.annotation.versioning.ProviderType;

/** Stops asking what keeps failing. Thread-safe; in the closed state lock-free and without allocation. */
@ProviderType
public interface CircuitBreaker {
  /** Whether a call may be made. One that may must be followed by {@link #succeeded} or {@link #failed}. */
  boolean tryAcquire();

  void succeeded(long tookNanos);

  void failed(long tookNanos);

  State state();

  /** How often it has opened. */
  long trips();

  /** The states. */
  enum State {
    CLOSED,
    OPEN,
    HALF_OPEN
  }

  /** Makes breakers. */
  @ProviderType
  interface Factory {
    CircuitBreaker create(String name, int failures, Duration timeout, int successes, int halfOpen);
  }
}
