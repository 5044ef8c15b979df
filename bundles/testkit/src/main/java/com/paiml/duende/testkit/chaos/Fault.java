package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;

/** A way to break daemons. */
interface Fault {
  /** The word for it in plans. */
  String name();

  /** What it does, its parameters, and what it needs: one line for people. */
  String needs();

  /**
   * Breaks what the scene names. A call that fails has undone what it began.
   *
   * @throws DaemonException when it cannot be done here, with the reason
   */
  Injection inject(ChaosScene scene) throws DaemonException, InterruptedException;

  /** A fault that is in force. */
  interface Injection extends AutoCloseable {
    /** Mends. Harmless when it is mended already. */
    @Override
    void close() throws DaemonException;

    /** Nothing to mend. */
    Injection DONE = () -> {};
  }
}
