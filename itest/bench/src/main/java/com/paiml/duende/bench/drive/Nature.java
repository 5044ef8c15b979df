package com.paiml.duende.bench.drive;

/** What becomes of a daemon of a {@link Fleet}. */
public enum Nature {
  /** Runs, and nobody touches it. */
  STEADY,
  /** Runs, untouched, and writes the next number to its log each second: a line that is lost or comes twice is seen. */
  TALKING,
  /** Is stopped, started and restarted by commands. */
  TOGGLED,
  /** Ends by itself, again and again, and is to be started each time. */
  CRASHING
}
