package com.paiml.duende.spi;

import java.util.Set;

/**
 * @param syscalls names of those of interest; empty: all
 * @param events whether single events are wanted, not only sums
 * @param stacks whether call stacks are wanted
 * @param budget what watching may cost the daemon, as a fraction: 0.05; 1 for whatever it costs
 */
public record TraceOptions(Set<String> syscalls, boolean events, boolean stacks, double budget) {
  public TraceOptions {
    syscalls = Set.copyOf(syscalls);
  }
}
