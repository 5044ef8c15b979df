package com.paiml.duende.policy.admission;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.spi.Admission;
import com.paiml.duende.spi.PolicyEngine;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * The admission of every daemon, following {@code policy.rate_limit} and {@code policy.queue} of its configuration at each
 * deployment: a change is in force at once, without a restart. Only code that runs in this JVM can ask, so the two keys are
 * refused for everything else instead of being ignored.
 */
@Component(service = {PolicyEngine.class, Admission.Registry.class})
public final class Desks implements PolicyEngine, Admission.Registry {
  private final Map<String, Desk> desks = new ConcurrentHashMap<>();

  @Activate
  public Desks() {}

  @Override
  public String name() {
    return "admission";
  }

  @Override
  public Admission of(String daemon) {
    return desk(daemon);
  }

  private Desk desk(String daemon) {
    return desks.computeIfAbsent(daemon, name -> new Desk(System::nanoTime));
  }

  @Override
  public Verdict beforeDeploy(DaemonConfig config) {
    boolean limited = config.policy().rateLimit() > 0 || config.policy().queue() > 0;
    if (limited && !runsHere(config)) {
      return Verdict.deny(
          "policy.rate_limit and policy.queue are asked by the code of a Daemon class inside the"
              + " container, and this daemon has none; limit requests in the program itself");
    }
    desk(config.name()).limit(config.policy().rateLimit(), config.policy().queue());
    return Verdict.ALLOW;
  }

  private static boolean runsHere(DaemonConfig config) {
    return switch (config.what()) {
      case What.JavaClass c ->
          config.platform().equals("native")
              && !Boolean.TRUE.equals(config.table("native").get("process"));
      case What.Service s -> true;
      default -> false;
    };
  }

  @Override
  public void onEvent(DaemonEvent event, Actions actions) {
    if (event instanceof DaemonEvent.Removed removed) {
      desks.remove(removed.source().name());
    }
  }
}
