package com.paiml.duende.observe.health;

import org.osgi.annotation.versioning.ConsumerType;

/** Hears of watched services: a service of this type. Must return at once; exceptions are logged. */
@ConsumerType
@FunctionalInterface
public interface HealthListener {
  void onEvent(HealthEvent event);
}
