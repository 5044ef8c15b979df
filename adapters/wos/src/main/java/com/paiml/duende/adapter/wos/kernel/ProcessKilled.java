package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.api.Signal;

/** Unwinds the thread of a process that was killed. An error, because modules can catch exceptions of the runtime. */
final class ProcessKilled extends Error {

  private static final long serialVersionUID = 1;

  private final Signal signal;

  ProcessKilled(Signal signal) {
    super(signal.name(), null, false, false);
    this.signal = signal;
  }

  Signal signal() {
    return signal;
  }
}
