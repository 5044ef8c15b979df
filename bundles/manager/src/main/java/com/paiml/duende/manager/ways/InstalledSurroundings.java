package com.paiml.duende.manager.ways;

import com.paiml.duende.manager.file.Surroundings;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PolicyEngine;
import com.paiml.duende.spi.TableSchema;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/** Asks the service registry, each time anew: adapters come and go. */
final class InstalledSurroundings implements Surroundings {
  private final BundleContext context;

  InstalledSurroundings(BundleContext context) {
    this.context = context;
  }

  @Override
  public Optional<TableSchema> table(String platform) {
    return adapters().stream()
        .filter(r -> platform.equals(r.getProperty(PlatformAdapter.PLATFORM)))
        .findFirst()
        .flatMap(this::schema);
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
    adapters().forEach(r -> names.add(String.valueOf(r.getProperty(PlatformAdapter.PLATFORM))));
    return names;
  }

  @Override
  public boolean hasPolicyEngine() {
    return context.getServiceReference(PolicyEngine.class) != null;
  }

  private Set<ServiceReference<PlatformAdapter>> adapters() {
    try {
      // The highest ranking comes first.
      Set<ServiceReference<PlatformAdapter>> found =
          new TreeSet<>(java.util.Comparator.reverseOrder());
      found.addAll(
          context.getServiceReferences(
              PlatformAdapter.class, "(" + PlatformAdapter.PLATFORM + "=*)"));
      return found;
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException("the filter is a constant", e);
    }
  }
}
