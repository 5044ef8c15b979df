package com.paiml.duende.adapter.pepita.monitor;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a monitor is shut in, beside its own filter of system calls. The monitor opens everything that its machine needs, then
 * puts this in force, then lets the guest run.
 *
 * @param user number of a user and group that nobody else is; empty where it stays ours
 * @param root an empty folder that is all it sees of the file systems; empty where it sees them
 * @param network whether it has the host's network
 */
public record Jail(OptionalInt user, Optional<Path> root, boolean network) {
  /** Of a manager that may not do such things. */
  public static final Jail NONE = new Jail(OptionalInt.empty(), Optional.empty(), true);

  /** In words, for people. */
  public String words() {
    if (user.isEmpty()) {
      return "none: not permitted, or not of this monitor";
    }
    return "user "
        + user.getAsInt()
        + (root.isPresent() ? ", an empty root" : ", the host's files")
        + (network ? ", the host's network" : ", no network");
  }
}
