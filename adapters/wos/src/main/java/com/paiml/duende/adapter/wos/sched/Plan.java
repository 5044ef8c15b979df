package com.paiml.duende.adapter.wos.sched;

import java.util.List;

/**
 * What the policy wants done.
 *
 * @param run processes that got a slot, in order; they run at once, though one of {@code yield} may still be on its way
 * @param yield running processes to be asked to give theirs up at their next safepoint
 * @param nextAt when to ask again if nothing happens before; {@link Long#MAX_VALUE} when there is no need
 */
public record Plan(List<Integer> run, List<Integer> yield, long nextAt) {

  public Plan {
    run = List.copyOf(run);
    yield = List.copyOf(yield);
  }
}
