package com.paiml.duende.testkit.chaos;

import java.util.Collection;

/** Names of daemons. */
final class Names {
  private Names() {}

  /** Whether a daemon is one of these, or an instance of one of these. */
  static boolean covers(Collection<String> names, String daemon) {
    return names.contains(daemon) || names.contains(daemon.replaceFirst("\\.\\d+$", ""));
  }
}
