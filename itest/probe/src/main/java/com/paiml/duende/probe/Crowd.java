package com.paiml.duende.probe;

import com.paiml.duende.api.Daemon;
import java.util.ArrayList;
import java.util.List;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/** Registers as many idle daemons as the framework property {@code duende.probe.crowd} says; none without it. */
@Component(
    service = {},
    immediate = true)
public final class Crowd {
  private final List<ServiceRegistration<Daemon>> daemons = new ArrayList<>();

  @Activate
  public Crowd(BundleContext context) {
    String size = context.getProperty("duende.probe.crowd");
    for (int i = 1; i <= (size == null ? 0 : Integer.parseInt(size)); i++) {
      daemons.add(
          context.registerService(
              Daemon.class,
              new Idle("idle-" + i),
              FrameworkUtil.asDictionary(java.util.Map.of("duende.daemon", "idle-" + i))));
    }
  }

  @Deactivate
  void leave() {
    daemons.forEach(ServiceRegistration::unregister);
  }
}
