package com.paiml.duende.launcher;

import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.Bundle;

/** The order in which bundles start, and, backwards, stop. */
final class StartLevels {
  static final String HEADER = "Duende-Start-Level";

  /** Past every level that a bundle may name. */
  static final int ALL = 100;

  private static final Logger LOG = Logger.getLogger("duende.bundles");
  private static final int LIBRARY = 1;
  private static final int OURS = 30;

  private StartLevels() {}

  static int of(Bundle bundle) {
    var headers = bundle.getHeaders("");
    return of(bundle.getSymbolicName(), headers.get(HEADER));
  }

  static int of(String symbolicName, @Nullable String header) {
    if (header != null) {
      try {
        int level = Integer.parseInt(header.strip());
        if (level >= 1 && level < ALL) {
          return level;
        }
      } catch (NumberFormatException e) {
        LOG.fine(e::toString);
      }
      LOG.warning(
          () ->
              symbolicName
                  + ": "
                  + HEADER
                  + " "
                  + header
                  + " is not a number from 1 to 99; using the default");
    }
    return symbolicName.startsWith("com.paiml.duende.") ? OURS : LIBRARY;
  }
}
