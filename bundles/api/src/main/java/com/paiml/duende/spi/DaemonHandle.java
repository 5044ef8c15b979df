package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonId;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What identifies one run of a daemon: plain data that outlives adapter, manager and container, and is journalled.
 *
 * @param platform the adapter's platform
 * @param name the daemon's name
 * @param id the daemon's id
 * @param generation number of the run
 * @param data whatever the adapter needs to find the run again: pid, start time and boot id, unit, container id… Keys and
 *     values are text, together at most 16 KiB, without secrets
 */
public record DaemonHandle(
    String platform, String name, DaemonId id, long generation, Map<String, String> data) {
  /** The key under which adapters keep the main process, where there is one. */
  public static final String PID = "pid";

  public DaemonHandle {
    data = Map.copyOf(data);
  }

  public Optional<String> get(String key) {
    return Optional.ofNullable(data.get(key));
  }

  /** The main process. */
  public OptionalLong pid() {
    String pid = data.get(PID);
    return pid == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(pid));
  }
}
