package com.paiml.duende.ublk.guard;

/**
 * One of the six measures, as the kernel shows it afterwards.
 *
 * @param name of the measure
 * @param held whether it is in force
 * @param evidence what the kernel says, and where
 */
public record Measure(String name, boolean held, String evidence) {
  /** One line for people. */
  @Override
  public String toString() {
    return (held ? "held     " : "NOT held ") + name + ": " + evidence;
  }
}
