package com.paiml.duende.spi;

import java.time.Duration;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Stops asking what keeps failing. Any thread may call; lock-free, and without allocation.
 *
 * <p>Closed, it lets everything through and counts failures in a row. Open, it lets nothing through until its timeout has
 * passed. Half open, it lets a bounded number of calls through at a time: so many successes in a row close it, one failure
 * opens it again.
 */
@ProviderType
public interface CircuitBreaker {
  /** What {@link #tryAcquire} answers instead of a permit. */
  long REFUSED = -1;

  /**
   * Asks for a call.
   *
   * @return a permit, to be handed to {@link #succeeded} or {@link #failed} once; or {@link #REFUSED}
   */
  long tryAcquire();

  /** The call went well. Of a call that began in an earlier state nothing is counted. */
  void succeeded(long permit);

  /** The call failed. Of a call that began in an earlier state nothing is counted. */
  void failed(long permit);

  State state();

  /** How often it has opened. */
  long trips();

  /** How long it stays open; zero when it is not. */
  Duration untilTrial();

  /** The states. */
  enum State {
    CLOSED,
    OPEN,
    HALF_OPEN
  }

  /** Makes breakers. */
  @ProviderType
  interface Factory {
    /**
     * @param failures in a row until it opens, 1 to 1000000
     * @param timeout how long it stays open
     * @param successes in a row, half open, until it closes, 1 to 1000000
     * @param halfOpen how many calls are let through at a time while half open, 1 to 1000
     * @throws IllegalArgumentException for a number outside its range
     */
    CircuitBreaker create(int failures, Duration timeout, int successes, int halfOpen);
  }
}
