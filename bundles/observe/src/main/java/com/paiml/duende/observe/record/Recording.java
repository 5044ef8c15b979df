package com.paiml.duende.observe.record;

import com.paiml.duende.spi.TraceSession.SyscallEvent;
import com.paiml.duende.spi.TraceSession.SyscallStats;
import java.time.Instant;
import java.util.List;

/**
 * What a tracing has brought.
 *
 * @param daemon whose
 * @param method how it was done, for people
 * @param began when
 * @param nanos how long
 * @param cost fraction of the daemon's time that watching cost
 * @param lost events that are not here
 * @param sums by call, most frequent first
 * @param events single calls, in the order in which they ended; none where only sums were wanted
 */
public record Recording(
    String daemon,
    String method,
    Instant began,
    long nanos,
    double cost,
    long lost,
    List<SyscallStats> sums,
    List<SyscallEvent> events) {

  public Recording {
    sums = List.copyOf(sums);
    events = List.copyOf(events);
  }
}
