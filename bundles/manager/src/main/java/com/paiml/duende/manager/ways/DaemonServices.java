package com.paiml.duende.manager.ways;

import com.paiml.duende.api.Daemon;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;

/** The {@link Daemon} objects in the service registry, by name. Of several of one name the oldest counts. */
@Component(service = DaemonServices.class, configurationPolicy = ConfigurationPolicy.IGNORE)
public final class DaemonServices {
  /** Service property: the daemon's name, where it is not the object's own. */
  static final String NAME = "daemon.name";

  private static final Logger LOG = System.getLogger(DaemonServices.class.getName());

  /**
   * A daemon in the registry.
   *
   * @param name what it is called
   * @param object the service
   * @param reference where it is registered
   */
  record Offered(String name, Daemon object, ServiceReference<Daemon> reference) {
    /** The service's properties. */
    Map<String, Object> properties() {
      Map<String, Object> properties = new TreeMap<>();
      for (String key : reference.getPropertyKeys()) {
        Object value = reference.getProperty(key);
        if (value != null) {
          properties.put(key, value);
        }
      }
      return properties;
    }

    /** What stands for a file of it: the bundle that registered it. */
    String origin() {
      Bundle bundle = reference.getBundle();
      return "bundle " + (bundle == null ? "that is gone" : bundle.getSymbolicName());
    }
  }

  /** Hears of daemons in the registry. Called while the registration is in progress: returns at once. */
  interface Listener {
    void came(Offered daemon);

    void changed(Offered daemon);

    /** @param forGood whether it was unregistered by a bundle that goes on, or is uninstalled */
    void went(Offered daemon, boolean forGood);
  }

  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  // There may be ten thousand, nearly all of a name of their own.
  private final Map<String, List<Offered>> offers = new ConcurrentHashMap<>();
  private final ServiceTracker<Daemon, Offered> tracker;
  private volatile boolean closing;

  @Activate
  public DaemonServices(BundleContext context) {
    tracker = new ServiceTracker<>(context, Daemon.class, new Customizer(context));
    tracker.open();
  }

  /** They are not gone: we are. */
  @Deactivate
  void close() {
    closing = true;
    tracker.close();
  }

  /** The object of that name, where one is registered. */
  Optional<Offered> find(String name) {
    return offers.getOrDefault(name, List.of()).stream()
        .min(Comparator.comparing(o -> (Long) o.reference().getProperty("service.id")));
  }

  /** Tells the listener of what is there, and of what comes and goes from now on. */
  void listen(Listener listener) {
    listeners.add(listener);
    offers.values().forEach(ofOneName -> ofOneName.forEach(listener::came));
  }

  void unlisten(Listener listener) {
    listeners.remove(listener);
  }

  private final class Customizer implements ServiceTrackerCustomizer<Daemon, Offered> {
    private final BundleContext context;

    Customizer(BundleContext context) {
      this.context = context;
    }

    @Override
    public @Nullable Offered addingService(ServiceReference<Daemon> reference) {
      Daemon object = context.getService(reference);
      if (object == null) {
        return null;
      }
      Offered offered = new Offered(name(reference, object), object, reference);
      var _ =
          offers.merge(
              offered.name(),
              List.of(offered),
              (before, one) -> Stream.concat(before.stream(), one.stream()).toList());
      listeners.forEach(l -> l.came(offered));
      return offered;
    }

    @Override
    public void modifiedService(ServiceReference<Daemon> reference, Offered offered) {
      listeners.forEach(l -> l.changed(offered));
    }

    @Override
    public void removedService(ServiceReference<Daemon> reference, Offered offered) {
      var _ =
          offers.computeIfPresent(
              offered.name(),
              (name, before) -> {
                List<Offered> left =
                    before.stream()
                        .filter(o -> !o.reference().equals(offered.reference()))
                        .toList();
                return left.isEmpty() ? null : left;
              });
      if (!closing) {
        Bundle bundle = reference.getBundle();
        boolean forGood =
            bundle == null
                || bundle.getState() == Bundle.ACTIVE
                || bundle.getState() == Bundle.UNINSTALLED;
        List<Listener> all = new ArrayList<>(listeners);
        all.forEach(l -> l.went(offered, forGood));
      }
      context.ungetService(reference);
    }

    // The object is somebody else's code: whatever it throws must not end in the registry.
    private String name(ServiceReference<Daemon> reference, Daemon object) {
      if (reference.getProperty(NAME) instanceof String name) {
        return name;
      }
      try {
        return object.name();
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, () -> object.getClass().getName() + ".name() failed", e);
        return object.getClass().getName();
      }
    }
  }
}
