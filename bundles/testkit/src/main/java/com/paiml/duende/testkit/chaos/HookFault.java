package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.spi.Chaos;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Errors in a daemon's own code, where it offers a {@link Chaos.Hook}. */
final class HookFault implements Fault {
  @Override
  public String name() {
    return "errors";
  }

  @Override
  public String needs() {
    return "rate=10% message=TEXT delay=0s: calls of the daemon's own code fail or are slow; needs"
        + " a daemon that offers a hook (Chaos.Hook)";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException, InterruptedException {
    Parameters p = scene.parameters();
    p.only("rate", "message", "delay");
    double rate = p.fraction("rate", 0.1);
    Duration delay = p.duration("delay", Duration.ZERO);
    String message =
        p.text("message").orElse(p.has("delay") && !p.has("rate") ? "" : "injected by chaos");
    List<Chaos.Hook> hooks = new ArrayList<>();
    for (String target : scene.targets()) {
      List<Chaos.Hook> of = hooks(scene, target);
      if (of.isEmpty()) {
        throw new DaemonException(
            ErrorCode.NOT_SUPPORTED,
            target,
            "its code offers no hook for errors",
            "let the daemon implement Chaos.Hook, or register one with "
                + Chaos.Hook.DAEMON
                + "="
                + target);
      }
      hooks.addAll(of);
    }
    hooks.forEach(h -> h.arm(rate, message, delay, scene.random().nextLong()));
    scene.note(
        Math.round(100 * rate)
            + " % of the calls of "
            + String.join(", ", scene.targets())
            + (message.isEmpty() ? " are slow" : " fail"));
    return () -> hooks.forEach(Chaos.Hook::disarm);
  }

  private static List<Chaos.Hook> hooks(ChaosScene scene, String target)
      throws DaemonException, InterruptedException {
    List<Chaos.Hook> hooks =
        new ArrayList<>(scene.adapters().find(Chaos.Hook.class, Chaos.Hook.DAEMON, target));
    DaemonDetails details = scene.manager().describe(target);
    if (details.handle().isPresent()) {
      Optional<Chaos.Hook> own =
          scene
              .adapters()
              .use(
                  details.info().platform(),
                  a ->
                      a.inProcess(details.handle().get())
                          .filter(Chaos.Hook.class::isInstance)
                          .map(Chaos.Hook.class::cast));
      own.ifPresent(hooks::add);
    }
    return hooks;
  }
}
