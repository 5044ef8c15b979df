package com.paiml.duende.spi;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;

/**
 * What an adapter keeps of the events that it was given with a run. The manager may be replaced while the adapter stays: the
 * next one asks to recover the run with events of its own, and these are told from then on. Safe for all threads.
 */
public final class RelayedEvents implements AdapterEvents {
  private volatile AdapterEvents to;

  public RelayedEvents(AdapterEvents to) {
    this.to = to;
  }

  /** From now on these are told, and who was told before is not. */
  public void tell(AdapterEvents next) {
    to = next;
  }

  @Override
  public void ready() {
    to.ready();
  }

  @Override
  public void heartbeat() {
    to.heartbeat();
  }

  @Override
  public void statusText(String text) {
    to.statusText(text);
  }

  @Override
  public void health(HealthStatus status) {
    to.health(status);
  }

  @Override
  public void restarted(DaemonHandle next, ExitReason previous) {
    to.restarted(next, previous);
  }

  @Override
  public void alert(String kind, String detail) {
    to.alert(kind, detail);
  }
}
