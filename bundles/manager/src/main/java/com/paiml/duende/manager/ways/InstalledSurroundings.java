package com.paiml.duende.manager.ways;

import com.paiml.duende.manager.file.Surroundings;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PolicyEngine;
import com.paiml.duende.spi.TableSchema;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.util.tracker.ServiceTracker;

/** Follows the service registry: adapters come and go, and to ask for all of them takes long when a thousand daemons come. */
final class InstalledSurroundings implements Surroundings, AutoCloseable {
  private final BundleContext context;
  private final ServiceTracker<PlatformAdapter, ServiceReference<PlatformAdapter>> adapters;

  InstalledSurroundings(BundleContext context) {
    this.context = context;
    adapters = new References(context);
    adapters.open();
  }

  /** The service itself is taken only where it is asked something. */
  private static final class References
      extends ServiceTracker<PlatformAdapter, ServiceReference<PlatformAdapter>> {
    References(BundleContext context) {
      super(context, PlatformAdapter.class, null);
    }

    @Override
    public ServiceReference<PlatformAdapter> addingService(ServiceReference<PlatformAdapter> came) {
      return came;
    }

    @Override
    public void removedService(
        ServiceReference<PlatformAdapter> went, ServiceReference<PlatformAdapter> same) {
      // Nothing was taken.
    }
  }

  @Override
  public Optional<TableSchema> table(String platform) {
    // The highest ranking comes first.
    for (ServiceReference<PlatformAdapter> adapter : adapters.getTracked().keySet()) {
      if (platform.equals(adapter.getProperty(PlatformAdapter.PLATFORM))) {
        return schema(adapter);
      }
    }
    return Optional.empty();
  }

  private Optional<TableSchema> schema(ServiceReference<PlatformAdapter> reference) {
    PlatformAdapter adapter = context.getService(reference);
    if (adapter == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(adapter.schema());
    } finally {
      context.ungetService(reference);
    }
  }

  @Override
  public Set<String> platforms() {
    Set<String> names = new TreeSet<>();
    for (ServiceReference<PlatformAdapter> adapter : adapters.getTracked().keySet()) {
      if (adapter.getProperty(PlatformAdapter.PLATFORM) instanceof String name) {
        names.add(name);
      }
    }
    return names;
  }

  @Override
  public boolean hasPolicyEngine() {
    return context.getServiceReference(PolicyEngine.class) != null;
  }

  @Override
  public void close() {
    adapters.close();
  }
}
