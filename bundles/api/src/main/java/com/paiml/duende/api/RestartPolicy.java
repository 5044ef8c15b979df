package com.paiml.duende.api;

import java.util.Locale;

/** When a daemon that has ended by itself is started again, key {@code restart}. Written in lower case with hyphens. */
public enum RestartPolicy {
  /** Never. */
  NEVER,
  /** Unless it succeeded: the default. */
  ON_FAILURE,
  /** Always, also after the container was started again and the daemon had been stopped by an operator. */
  ALWAYS,
  /** Always, but not after an operator stopped it. */
  UNLESS_STOPPED,
  /** On failure, at most {@code max_retries} times between two healthy spells. */
  MAX_RETRIES,
  /** Whatever its exit, at most {@code max_retries} times between two healthy spells. */
  WITH_BACKOFF;

  /** The word of the daemon file. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
