package com.paiml.duende.linux.cgroup;

import com.paiml.duende.linux.kernel.LinuxException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The hierarchies of this machine as this process sees them: each controller is in version 2, in a
 * version 1 hierarchy, or nowhere. Groups are made below the group that this process is in, so that
 * limits on itself hold for them too. Safe for several threads.
 */
@ProviderType
public interface Cgroups {

  /** Where a controller is. */
  Placement placement(Controller controller);

  /**
   * Makes a group, or takes the one that is there.
   *
   * <p>Under version 2 a group cannot both have processes and pass controllers on. Where that is so
   * for our own, this process moves into a group {@code supervisor} beside the new one.
   *
   * @param name one or more segments of letters, digits, {@code - _ .} and {@code @}, with slashes
   *     between
   * @param wanted controllers; those that are nowhere are left out, see {@link Cgroup#controllers()}
   * @throws LinuxException {@code EROFS}, {@code EACCES}, {@code EBUSY}; then nothing is left behind
   */
  Cgroup create(String name, Set<Controller> wanted) throws LinuxException;

  /** A group that is there, with the controllers that it has; empty when it is nowhere. */
  Optional<Cgroup> open(String name) throws LinuxException;

  /**
   * The group that a process is in, whoever made it: for reading, and for being told of kills. Only
   * controllers whose folder can be seen from here and is a group below the root are in it.
   *
   * @return empty when there is no such process, or no folder of its groups can be seen
   */
  Optional<Cgroup> of(int pid) throws LinuxException;

  /** Names of the groups directly below that one, in any hierarchy; for finding what was left. */
  List<String> list(String name) throws LinuxException;
}
