package com.paiml.duende.spi;

import com.paiml.duende.api.ExitReason;

/** What became of a run. */
public sealed interface Recovery {

  /**
   * It goes on.
   *
   * @param handle how it is called from now on; usually the handle that was asked for
   * @param paused whether it is paused
   */
  record Running(DaemonHandle handle, boolean paused) implements Recovery {}

  /** It has ended, and this is how. */
  record Exited(ExitReason reason) implements Recovery {}

  /** It is not there, and how it ended cannot be known. */
  record Lost(String why) implements Recovery {}
}
