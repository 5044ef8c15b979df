package com.paiml.duende.probe;

import com.paiml.duende.api.Daemon;
import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * Registers as many idle daemons as the framework property {@code duende.probe.crowd} says, and logs when the last of them
 * runs; none without the property.
 */
@Component(
    service = {},
    immediate = true)
public final class Crowd {
  private static final Logger LOG = System.getLogger(Crowd.class.getName());

  private final List<ServiceRegistration<Daemon>> daemons = new ArrayList<>();
  private final AtomicInteger running = new AtomicInteger();

  @Activate
  public Crowd(BundleContext context) {
    String property = context.getProperty("duende.probe.crowd");
    int size = property == null ? 0 : Integer.parseInt(property);
    long begin = System.nanoTime();
    for (int i = 1; i <= size; i++) {
      daemons.add(
          context.registerService(
              Daemon.class,
              new Idle("idle-" + i, () -> count(size, begin)),
              FrameworkUtil.asDictionary(Map.of())));
    }
  }

  private void count(int size, long begin) {
    if (running.incrementAndGet() == size) {
      long millis = (System.nanoTime() - begin) / 1_000_000;
      LOG.log(Logger.Level.INFO, "crowd of " + size + " running after " + millis + " ms");
    }
  }

  @Deactivate
  void leave() {
    daemons.forEach(ServiceRegistration::unregister);
  }
}
