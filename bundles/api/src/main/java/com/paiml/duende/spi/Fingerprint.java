package com.paiml.duende.spi;

import java.util.Map;
import java.util.Set;

/**
 * What an adapter found of its platform.
 *
 * @param present whether daemons can be started now
 * @param version of the platform: "systemd 252", "Docker 28.2.2, API 1.50"; may be empty
 * @param simulated whether what is driven is not the real thing
 * @param problem why it is not present, in words a person can act on, with the remedy; empty when it is
 * @param capabilities what it can do, by kind of payload; the keys are the kinds that it takes
 * @param missing for capabilities that it has in principle and not here: the reason and the remedy
 * @param details more to show: paths, drivers, features
 */
public record Fingerprint(
    boolean present,
    String version,
    boolean simulated,
    String problem,
    Map<Payload.Kind, Set<Capability>> capabilities,
    Map<Capability, String> missing,
    Map<String, String> details) {
  public Fingerprint {
    capabilities = Map.copyOf(capabilities);
    missing = Map.copyOf(missing);
    details = Map.copyOf(details);
  }

  /** Nothing here. */
  public static Fingerprint absent(String problem) {
    return new Fingerprint(false, "", false, problem, Map.of(), Map.of(), Map.of());
  }

  public boolean takes(Payload.Kind kind) {
    return capabilities.containsKey(kind);
  }

  public boolean can(Payload.Kind kind, Capability capability) {
    return capabilities.getOrDefault(kind, Set.of()).contains(capability);
  }
}
