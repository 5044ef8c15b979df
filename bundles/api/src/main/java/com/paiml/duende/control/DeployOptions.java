package com.paiml.duende.control;

/**
 * How to deploy.
 *
 * @param start whether to start it at once
 * @param replace whether a daemon of that name may be there already
 * @param origin where the configuration came from, shown by {@code status}: a file, a bundle, "call"
 * @param transientDaemon whether it is forgotten when the container ends ({@code duende run})
 */
public record DeployOptions(
    boolean start, boolean replace, String origin, boolean transientDaemon) {
  /** Start it; replace what is there. */
  public static final DeployOptions DEFAULT = new DeployOptions(true, true, "call", false);

  public DeployOptions withOrigin(String from) {
    return new DeployOptions(start, replace, from, transientDaemon);
  }
}
