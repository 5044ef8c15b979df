package com.paiml.duende.adapter.wos.kernel;

/** A run that is played back does something else than the recorded one did. Ends the process. */
public final class ReplayDiverged extends Error {

  private static final long serialVersionUID = 1;

  public ReplayDiverged(String how) {
    super("the run differs from its recording: " + how, null, false, false);
  }
}
