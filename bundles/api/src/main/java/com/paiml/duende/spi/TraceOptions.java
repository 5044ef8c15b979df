package com.paiml.duende.spi;

import java.util.Set;

/**
 * What is asked of a {@link Tracer}.
 *
 * @param syscalls names of those of interest; empty: all
 * @param detail how closely to look; a tracer that cannot do so looks less closely, and says so in {@link
 *     TraceSession#method()}
 * @param budget what watching may cost the daemon, as a fraction: 0.05; 1 for whatever it costs
 */
public record TraceOptions(Set<String> syscalls, Detail detail, double budget) {
  /** How closely to look; each costs more than the one before. */
  public enum Detail {
    /** How often each call is made, nothing else. */
    COUNTS,
    /** Also errors and times. */
    SUMS,
    /** Also every single call. */
    EVENTS,
    /** Every single call with its stack. */
    STACKS
  }

  public TraceOptions {
    syscalls = Set.copyOf(syscalls);
  }

  /** Whether single calls are wanted, not only sums. */
  public boolean events() {
    return detail.compareTo(Detail.EVENTS) >= 0;
  }

  /** Whether call stacks are wanted. */
  public boolean stacks() {
    return detail == Detail.STACKS;
  }
}
