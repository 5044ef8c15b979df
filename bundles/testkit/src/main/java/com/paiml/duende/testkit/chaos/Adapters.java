package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.PlatformAdapter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/** Finds services of the registry for the time of one call: nothing is held on to. */
final class Adapters {
  private final BundleContext context;

  Adapters(BundleContext context) {
    this.context = context;
  }

  /** Something done with a service. */
  @FunctionalInterface
  interface Use<S, R> {
    R with(S service) throws DaemonException, InterruptedException;
  }

  /** Does this with the adapter of a platform. */
  <R> R use(String platform, Use<PlatformAdapter, R> use)
      throws DaemonException, InterruptedException {
    ServiceReference<PlatformAdapter> reference = reference(platform);
    PlatformAdapter adapter = context.getService(reference);
    if (adapter == null) {
      throw gone(platform);
    }
    try {
      return use.with(adapter);
    } finally {
      context.ungetService(reference);
    }
  }

  /** The bundle that offers a platform. */
  Bundle bundle(String platform) throws DaemonException {
    return reference(platform).getBundle();
  }

  /** Every service of a type that has this property. */
  <S> List<S> find(Class<S> type, String property, String value) {
    List<S> found = new ArrayList<>();
    for (ServiceReference<S> reference : references(type, property, value)) {
      S service = context.getService(reference);
      if (service != null) {
        found.add(service);
      }
    }
    return found;
  }

  private ServiceReference<PlatformAdapter> reference(String platform) throws DaemonException {
    return references(PlatformAdapter.class, PlatformAdapter.PLATFORM, platform).stream()
        .findFirst()
        .orElseThrow(() -> gone(platform));
  }

  private <S> Collection<ServiceReference<S>> references(
      Class<S> type, String property, String value) {
    String safe = value.replaceAll("[\\\\*()]", "\\\\$0");
    try {
      return context.getServiceReferences(type, "(" + property + "=" + safe + ")");
    } catch (InvalidSyntaxException e) {
      return List.of();
    }
  }

  private static DaemonException gone(String platform) {
    return new DaemonException(
        ErrorCode.NOT_FOUND,
        "platform \"" + platform + "\"",
        "has no adapter now",
        "see \"duende adapters\"");
  }
}
