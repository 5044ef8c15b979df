package com.paiml.duende.support.program;

import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * What every process of a run carries in its environment, so that it is known again wherever its forks have gone: {@code
 * VARIABLE=INSTANCE/NAME/GENERATION}. Each adapter has a variable of its own, for each ends what has its mark and belongs to
 * none of its daemons.
 *
 * @param instance the container's id
 * @param name the daemon's name
 * @param generation number of the run
 */
public record RunMark(String instance, String name, long generation) {
  public static RunMark of(LaunchSpec spec) {
    return new RunMark(spec.instance().id(), spec.name(), spec.generation());
  }

  public static RunMark of(Instance instance, DaemonHandle handle) {
    return new RunMark(instance.id(), handle.name(), handle.generation());
  }

  /** {@return the value of the variable} */
  public String value() {
    return instance + "/" + name + "/" + generation;
  }

  /** {@return whether such a value is one of this container's} */
  public static boolean belongsTo(Instance instance, String value) {
    return value.startsWith(instance.id() + "/");
  }

  /**
   * An environment with some variables more; those that it has already stay, the mark is always ours.
   *
   * @param variable the name that the mark has there
   */
  public List<String> addTo(List<String> environment, String variable, List<String> more) {
    List<String> all = new ArrayList<>(environment);
    all.removeIf(v -> v.startsWith(variable + "="));
    for (String other : more) {
      String name = other.substring(0, other.indexOf('=') + 1);
      if (environment.stream().noneMatch(v -> v.startsWith(name))) {
        all.add(other);
      }
    }
    all.add(variable + "=" + value());
    return all;
  }
}
