package com.paiml.duende.adapter.container.engine;

/** The labels of every container that Duende makes. */
public final class Labels {
  /** The id of the instance of Duende that made it: what has another one, or none, is never touched. */
  public static final String INSTANCE = "duende.instance";

  public static final String DAEMON_ID = "duende.daemon.id";
  public static final String DAEMON_NAME = "duende.daemon.name";
  public static final String DAEMON_VERSION = "duende.daemon.version";

  /** The number of the daemon's run. */
  public static final String GENERATION = "duende.generation";

  /** A word of its own for each attempt to start one: finds what was made when the answer was lost. */
  public static final String ATTEMPT = "duende.attempt";

  private Labels() {}
}
