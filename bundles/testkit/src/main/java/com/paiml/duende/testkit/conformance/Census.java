package com.paiml.duende.testkit.conformance;

/**
 * Counts what runs, without asking the adapter: the truth that its answers are held against. Each run of the kit has the
 * variable {@link #VARIABLE} with a value of its own in its environment, which children inherit.
 */
public interface Census {
  /** The variable that marks the processes of a run. */
  String VARIABLE = "DUENDE_CONFORMANCE";

  /** How many processes (or what the platform has in their place) of this run are alive. Zombies are not. */
  int alive(String marker) throws Exception;

  /** Ends them all, for the end of a test that went wrong. */
  void end(String marker) throws Exception;
}
