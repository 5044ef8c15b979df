package com.paiml.duende.linux.confine;

import java.util.List;

/**
 * Who a program runs as, credentials(7). All of its ids are set, real, effective and saved.
 *
 * @param uid user
 * @param gid group
 * @param groups supplementary groups, replacing those of this process
 */
public record Credentials(int uid, int gid, List<Integer> groups) {
  /** Copies the list. */
  public Credentials {
    groups = List.copyOf(groups);
  }
}
