package com.paiml.duende.shell.call;

import com.paiml.duende.api.DaemonException;
import java.util.List;

/** Several things went wrong; each is told by itself. */
public final class Faults extends DaemonException {
  private static final long serialVersionUID = 1L;

  private final transient List<DaemonException> all;

  private Faults(List<DaemonException> all) {
    super(all.getFirst().code(), "", all.size() + " faults", "", all.getFirst());
    this.all = List.copyOf(all);
  }

  /** @param faults at least one; a single one is itself */
  public static DaemonException of(List<DaemonException> faults) {
    return faults.size() == 1 ? faults.getFirst() : new Faults(faults);
  }

  public List<DaemonException> all() {
    return all;
  }
}
