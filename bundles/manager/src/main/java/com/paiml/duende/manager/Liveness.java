package com.paiml.duende.manager;

import java.util.function.BooleanSupplier;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Says whether the manager is alive, to whoever feeds the container's own watchdog. */
@Component(service = BooleanSupplier.class, property = "duende.service=alive")
public final class Liveness implements BooleanSupplier {
  private final Manager manager;

  @Activate
  public Liveness(@Reference Manager manager) {
    this.manager = manager;
  }

  @Override
  public boolean getAsBoolean() {
    return manager.answers();
  }
}
