package com.paiml.duende.policy.breaker;

import com.paiml.duende.spi.CircuitBreaker;
import java.time.Duration;
import org.osgi.service.component.annotations.Component;

/** Offers circuit breakers to every bundle. */
@Component
public final class BreakerFactory implements CircuitBreaker.Factory {
  @Override
  public CircuitBreaker create(int failures, Duration timeout, int successes, int halfOpen) {
    return new AtomicBreaker(failures, timeout, successes, halfOpen, System::nanoTime);
  }
}
