package com.paiml.duende.observe.health;

import com.paiml.duende.api.HealthStatus;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** A service that is watched: registered while its configuration is there. */
@ProviderType
public interface WatchedService {
  /** Its name. */
  String name();

  /** The last answer; empty before the first. */
  Optional<HealthStatus> status();

  /** Whether it counts as healthy: what {@link HealthEvent} told last; empty until that is known. */
  Optional<Boolean> isHealthy();

  /** Figures so far. */
  HealthStatistics statistics();
}
