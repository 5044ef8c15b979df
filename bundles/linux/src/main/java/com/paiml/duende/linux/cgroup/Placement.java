package com.paiml.duende.linux.cgroup;

import java.nio.file.Path;

/** Where a controller is to be had. */
public sealed interface Placement {

  /**
   * In a hierarchy that is mounted.
   *
   * @param version 1 or 2
   * @param base the folder of the group that this process is in, below which groups are made
   */
  record Mounted(int version, Path base) implements Placement {}

  /**
   * Nowhere.
   *
   * @param why in words that a person can act on
   */
  record Absent(String why) implements Placement {}
}
