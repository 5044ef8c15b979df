package com.paiml.duende.control;

import org.osgi.annotation.versioning.ConsumerType;

/** Is told what happens. Registered as a service, or given to {@link DaemonManager#watch}. Called from one thread at a time. */
@ConsumerType
@FunctionalInterface
public interface DaemonListener {
  /** Must not block for long: events queue up (1024) and are then dropped and counted. */
  void onEvent(DaemonEvent event);
}
