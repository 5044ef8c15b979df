package com.paiml.duende.launcher;

import java.util.logging.LogManager;

/**
 * The JDK's own log manager takes every handler away in a shutdown hook, just when bundles have to say how their stop went.
 * This one leaves them: {@link Logs} opens and closes them.
 */
public final class KeptLogManager extends LogManager {
  /** For java.util.logging, by the system property {@code java.util.logging.manager}. */
  public KeptLogManager() {}

  /** Does nothing: there is no other configuration to go back to. */
  @Override
  public void reset() {}
}
