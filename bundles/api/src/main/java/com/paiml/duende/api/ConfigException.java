package com.paiml.duende.api;

import java.util.List;
import java.util.stream.Collectors;

/** A daemon file with faults: all of them at once, each with its place. */
public final class ConfigException extends DaemonException {
  private static final long serialVersionUID = 1L;

  private final transient List<ConfigFault> faults;

  /** @param faults at least one, in the order of the file */
  public ConfigException(List<ConfigFault> faults) {
    super(
        ErrorCode.CONFIGURATION,
        "",
        faults.stream().map(ConfigFault::toString).collect(Collectors.joining("\n")),
        "");
    this.faults = List.copyOf(faults);
  }

  public List<ConfigFault> faults() {
    return faults;
  }
}
