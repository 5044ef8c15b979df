package com.paiml.duende.adapter.container.engine;

import java.util.Map;

/**
 * What an engine says of itself.
 *
 * @param version its own, {@code 28.2.2}
 * @param api the version of its API that is spoken with it; may be empty
 * @param details more to show: storage driver, cgroup driver…
 */
public record EngineFacts(String version, String api, Map<String, String> details) {
  /** A detail, with the value {@link #IGNORED} where it is true. */
  public static final String ULIMITS = "ulimits";

  public static final String IGNORED = "ignored";

  public EngineFacts {
    details = Map.copyOf(details);
  }

  /** Whether it has no control groups to limit containers with: only root has those of version 1. */
  public boolean isLimitless() {
    return "yes".equals(details.get("rootless")) && "1".equals(details.get("cgroup version"));
  }

  /** Whether it takes limits of processes, of setrlimit(2), and sets its own. */
  public boolean ignoresUlimits() {
    return IGNORED.equals(details.get(ULIMITS));
  }
}
