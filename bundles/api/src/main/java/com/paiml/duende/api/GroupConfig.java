package com.paiml.duende.api;

import java.time.Duration;

/**
 * Daemons that stand and fall together, file {@code etc/groups/NAME.toml}.
 *
 * @param name letters, digits, {@code -} and {@code _}, 1 to 64
 * @param strategy what a member's death does to the others
 * @param intensity more restarts than this within {@code period} fail the whole group
 * @param period the window
 * @param escalate whether the group's failure is passed on to the groups and daemons that require its members
 */
public record GroupConfig(
    String name, Strategy strategy, int intensity, Duration period, boolean escalate) {

  /** What a member's death does to the others. Written in lower case with hyphens. */
  public enum Strategy {
    /** Only the dead one is started again. */
    ONE_FOR_ONE,
    /** All are stopped and started again, in order. */
    ONE_FOR_ALL,
    /** The dead one and those that come after it in the order of dependence and deployment. */
    REST_FOR_ONE
  }
}
