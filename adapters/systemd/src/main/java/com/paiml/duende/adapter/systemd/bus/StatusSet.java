package com.paiml.duende.adapter.systemd.bus;

import java.util.List;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/** {@code (aiai)}: exit codes and signals. */
public final class StatusSet extends Struct {
  @Position(0)
  private final List<Integer> codes;

  @Position(1)
  private final List<Integer> signals;

  public StatusSet(List<Integer> codes, List<Integer> signals) {
    this.codes = codes;
    this.signals = signals;
  }

  public List<Integer> getCodes() {
    return codes;
  }

  public List<Integer> getSignals() {
    return signals;
  }
}
