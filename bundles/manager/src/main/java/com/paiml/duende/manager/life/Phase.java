package com.paiml.duende.manager.life;

/** What a daemon is doing within its state. */
public enum Phase {
  /** Nothing: created, stopped or failed. */
  IDLE,
  /** Waits for what it depends on. */
  GATED,
  /** Waits for its group to decide. */
  GROUPED,
  /** Waits for its backoff. */
  BACKOFF,
  /** Waits for its adapter, its class, or a policy. */
  HELD,
  /** Is being spawned. */
  LAUNCHING,
  /** Runs, not ready yet. */
  WARMING,
  UP,
  PAUSING,
  PAUSED,
  RESUMING,
  /** Was asked to end. */
  ENDING
}
