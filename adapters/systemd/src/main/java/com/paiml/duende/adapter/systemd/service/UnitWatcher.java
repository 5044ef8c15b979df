package com.paiml.duende.adapter.systemd.service;

/** Hears of one unit. Called in order, from one thread; does not block for long. */
public interface UnitWatcher {
  /** Something has changed. */
  void changed(UnitState state);

  /**
   * A job for the unit is over.
   *
   * @param job as the call that made it has returned it
   * @param result {@code done}, {@code failed}, {@code canceled}, {@code timeout}, {@code dependency}, {@code skipped}
   */
  void jobOver(String job, String result);

  /** The manager has forgotten the unit. */
  void removed();

  /** The way to the manager is lost; it is being looked for again. */
  void lost(String why);

  /** It is there again; what became of the unit meanwhile is in the state. */
  void found(UnitState state);

  /** The way to the manager has been closed: nothing more will be told. */
  void closed();
}
