package com.paiml.duende.adapter.container.engine;

/** Who hears what an engine tells of the containers of one instance. Called on threads of the transport: never blocks. */
public interface EngineListener {
  /** The stream of events has been opened, for the first time or again: what happened before was missed. */
  void connected();

  /** A container has begun to run. */
  void started(String id);

  /** @param exitCode of the run that ended; negative when the engine does not say */
  void died(String id, int exitCode);

  /** The kernel has killed a process of it for want of memory. */
  void outOfMemory(String id);

  /** Its health check, as the engine makes it, has changed its mind. */
  void health(String id, boolean healthy);

  /** Something else has become of it: paused, removed, … */
  void changed(String id);
}
