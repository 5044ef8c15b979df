package com.paiml.duende.spi;

/** What an adapter can do for one kind of payload. A daemon file that needs what is missing is refused before the start. */
public enum Capability {
  /** Signals other than those of stop and kill. */
  SIGNAL,
  /** It can be killed, whatever it does. */
  KILL,
  PAUSE,
  /** A run goes on without the container and is taken up again. */
  RECOVER,
  /** Commands run beside it, for probes. */
  EXEC,
  LOGS,
  USAGE,
  TRACE,
  /** The platform itself can restart it: {@code restart_by = "platform"}. */
  RESTART_BY_PLATFORM,
  READINESS_NOTIFY,
  READINESS_FD,
  /** Heartbeats, of which the adapter tells the manager, unless it has {@link #WATCHDOG_BY_PLATFORM} as well. */
  WATCHDOG,
  /** The platform itself hears the heartbeats and ends what stops sending them; the manager hears of that end only. */
  WATCHDOG_BY_PLATFORM,
  /** {@code health_check.type = "daemon"}: it knows the health of what it runs. */
  HEALTH,
  USER,
  WORKING_DIR,
  LIMIT_MEMORY,
  LIMIT_MEMORY_SWAP,
  LIMIT_CPU_QUOTA,
  LIMIT_CPU_SHARES,
  LIMIT_IO,
  LIMIT_NETWORK,
  LIMIT_DISK,
  LIMIT_PIDS,
  LIMIT_OPEN_FILES,
  LOCK_MEMORY,
  /** Limits can be changed while it runs. */
  UPDATE_LIMITS,
  NO_NEW_PRIVS,
  CAPABILITIES,
  SYSCALL_FILTER,
  PATHS,
  NETWORK_OFF,
  UMASK
}
