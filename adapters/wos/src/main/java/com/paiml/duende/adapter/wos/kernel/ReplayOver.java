package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.api.Signal;

/** The recording that is played ends here, for the recorded process was killed here. */
public final class ReplayOver extends Error {

  private static final long serialVersionUID = 1;

  private final Signal signal;

  public ReplayOver(Signal signal) {
    super("the recording ends with SIG" + signal, null, false, false);
    this.signal = signal;
  }

  Signal signal() {
    return signal;
  }
}
