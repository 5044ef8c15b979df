package com.paiml.duende.spi;

import java.util.List;

/**
 * What a tracer is to look at.
 *
 * @param name the daemon
 * @param pids the roots of its process trees, as this kernel numbers them
 * @param cgroup path of its cgroup; empty when it has none of its own
 */
public record TraceTarget(String name, List<Long> pids, String cgroup) {
  public TraceTarget {
    pids = List.copyOf(pids);
  }
}
