package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.spi.PolicyEngine;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.function.Function;

/** Asks all policies; one that fails forbids until it answers again. */
final class Policies {
  private static final Logger LOG = System.getLogger(Policies.class.getName());
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private final Services services;

  Policies(Services services) {
    this.services = services;
  }

  PolicyEngine.Verdict beforeDeploy(DaemonConfig config) {
    return ask(p -> p.beforeDeploy(config));
  }

  PolicyEngine.Verdict beforeStart(DaemonConfig config, long restarts) {
    return ask(p -> p.beforeStart(config, restarts));
  }

  /** The first that forbids; its reason begins with its name. */
  private PolicyEngine.Verdict ask(Function<PolicyEngine, PolicyEngine.Verdict> question) {
    for (PolicyEngine policy : services.policies()) {
      try {
        PolicyEngine.Verdict verdict = question.apply(policy);
        if (!verdict.allowed()) {
          return new PolicyEngine.Verdict(
              false, policy.name() + ": " + verdict.reason(), verdict.retryAfter());
        }
      } catch (RuntimeException | LinkageError e) {
        LOG.log(Level.WARNING, "policy " + policy.getClass().getName() + " failed", e);
        return PolicyEngine.Verdict.later(
            "policy " + policy.getClass().getSimpleName() + " failed: " + e, AGAIN);
      }
    }
    return PolicyEngine.Verdict.ALLOW;
  }
}
