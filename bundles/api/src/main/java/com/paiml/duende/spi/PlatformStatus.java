package com.paiml.duende.spi;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A run as the platform sees it now.
 *
 * @param state running, paused or ended
 * @param pid main process, where there is one
 * @param statusText the daemon's own line; may be empty
 * @param limits read back
 * @param details more to show, in order of the map: unit, cgroup, command line, container…
 */
public record PlatformStatus(
    State state,
    OptionalLong pid,
    String statusText,
    List<LimitReport> limits,
    Map<String, String> details) {
  /** What it is doing. */
  public enum State {
    RUNNING,
    PAUSED,
    ENDED
  }

  public PlatformStatus {
    limits = List.copyOf(limits);
    details = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(details));
  }
}
