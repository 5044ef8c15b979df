package com.paiml.duende.ublk.serve;

import com.paiml.duende.api.DaemonException;

/** What a queue's thread does before it serves. */
@FunctionalInterface
public interface ThreadSetup {
  /** Called on the thread. */
  void prepare() throws DaemonException;
}
