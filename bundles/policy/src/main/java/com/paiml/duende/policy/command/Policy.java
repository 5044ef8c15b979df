package com.paiml.duende.policy.command;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.PolicyConfig;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.policy.breaker.RestartBreakers;
import com.paiml.duende.spi.Admission;
import com.paiml.duende.spi.CircuitBreaker;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende policy}. */
@Component(
    service = Policy.class,
    property = {"osgi.command.scope=duende", "osgi.command.function=policy"})
public final class Policy {
  private final DaemonManager manager;
  private final RestartBreakers breakers;
  private final CircuitBreaker.Factory factory;
  private final Admission.Registry desks;

  @Activate
  public Policy(
      @Reference DaemonManager manager,
      @Reference RestartBreakers breakers,
      @Reference CircuitBreaker.Factory factory,
      @Reference Admission.Registry desks) {
    this.manager = manager;
    this.breakers = breakers;
    this.factory = factory;
    this.desks = desks;
  }

  @Descriptor(
      "Shows or changes the policies of daemons. Without a name: every daemon that has one. With"
          + " changes (breaker.failures=3 rate_limit=100): they are in force at once, without a"
          + " restart, and are kept like any deployment.")
  public String policy(
      @Descriptor("how long to wait for a change; 0s does not wait")
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "30s")
          Duration wait,
      @Descriptor("the daemon, then KEY=VALUE: " + Change.KEYS) String... words)
      throws DaemonException {
    if (words.length == 0) {
      return all();
    }
    String name = words[0];
    DaemonDetails details = manager.describe(name);
    PolicyConfig policy = details.config().policy();
    for (int i = 1; i < words.length; i++) {
      policy = Change.apply(policy, words[i], factory);
    }
    if (!policy.equals(details.config().policy())) {
      DaemonConfig changed = details.config().toBuilder().policy(policy).build();
      boolean active = details.info().status().isActive();
      var _ =
          manager.deploy(changed, new DeployOptions(active, true, details.origin(), false), wait);
    }
    return one(details.config().name(), policy);
  }

  private String all() throws DaemonException {
    Set<String> names = new TreeSet<>();
    for (DaemonInfo info : manager.list()) {
      names.add(info.name().replaceFirst("\\..*", ""));
    }
    StringBuilder out = new StringBuilder();
    for (String name : names) {
      PolicyConfig policy = manager.describe(name).config().policy();
      if (!policy.equals(PolicyConfig.NONE)) {
        out.append(out.isEmpty() ? "" : "\n").append(one(name, policy));
      }
    }
    return out.isEmpty() ? "no daemon has a policy" : out.toString();
  }

  private String one(String name, PolicyConfig policy) {
    StringBuilder out = new StringBuilder(name);
    out.append("\n  breaker     ")
        .append(policy.breaker().map(b -> breaker(name, b)).orElse("none"));
    out.append("\n  rate limit  ")
        .append(
            policy.rateLimit() > 0
                ? String.format(Locale.ROOT, "%.6g requests a second", policy.rateLimit())
                : "none");
    out.append("\n  queue       ")
        .append(
            policy.queue() > 0
                ? policy.queue() + ", " + desks.of(name).inside() + " inside now"
                : "none");
    return out.toString();
  }

  private String breaker(String name, PolicyConfig.Breaker b) {
    String settings =
        "opens after "
            + b.failures()
            + " failures for "
            + Durations.format(b.timeout())
            + ", closes after "
            + b.successes()
            + " successes, half open "
            + b.halfOpen()
            + " at a time";
    return Optional.ofNullable(breakers.breakers().get(name))
        .map(now -> state(now) + "; " + settings)
        .orElse(settings);
  }

  private static String state(CircuitBreaker now) {
    String word = now.state().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    String left =
        now.untilTrial().isZero()
            ? ""
            : " for " + Durations.format(Duration.ofSeconds(now.untilTrial().toSeconds() + 1));
    return word + left + ", opened " + now.trips() + " times";
  }
}
