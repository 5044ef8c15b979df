package com.paiml.duende.manager.engine;

import com.paiml.duende.spi.HealthProbe;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.PolicyEngine;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Services of others that come and go: probes, policies, the runtime of hosted classes. */
public final class Services {
  private final Map<String, HealthProbe> probes = new ConcurrentHashMap<>();
  private final List<PolicyEngine> policies = new CopyOnWriteArrayList<>();
  private final AtomicReference<@Nullable HostRuntime> host = new AtomicReference<>();

  public void add(String type, HealthProbe probe) {
    probes.put(type, probe);
  }

  public void remove(String type, HealthProbe probe) {
    probes.remove(type, probe);
  }

  Optional<HealthProbe> probe(String type) {
    return Optional.ofNullable(probes.get(type));
  }

  public void add(PolicyEngine policy) {
    policies.add(policy);
  }

  public void remove(PolicyEngine policy) {
    policies.remove(policy);
  }

  List<PolicyEngine> policies() {
    return policies;
  }

  public void set(HostRuntime runtime) {
    host.set(runtime);
  }

  public void unset(HostRuntime runtime) {
    host.compareAndSet(runtime, null);
  }

  Optional<HostRuntime> host() {
    return Optional.ofNullable(host.get());
  }
}
