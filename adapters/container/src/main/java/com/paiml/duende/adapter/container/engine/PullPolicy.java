package com.paiml.duende.adapter.container.engine;

import java.util.Locale;

/** When an image is fetched from its registry. */
public enum PullPolicy {
  /** Never: it has to be there. */
  NEVER,
  /** When it is not there. */
  MISSING,
  /** Before every start. */
  ALWAYS;

  /** The word of the daemon file. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
