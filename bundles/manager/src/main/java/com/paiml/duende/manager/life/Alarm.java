package com.paiml.duende.manager.life;

/** The timers of one life. Each can be armed once at a time; arming it again replaces it. */
public enum Alarm {
  /** The delay before a restart is over. */
  BACKOFF,
  /** What forbade the start may be asked again. */
  HOLD,
  /** It had to be ready by now. */
  READINESS,
  /** A heartbeat was due. */
  WATCHDOG,
  /** The next health check is due. */
  HEALTH,
  /** A stop that failed is tried again. */
  STOP
}
