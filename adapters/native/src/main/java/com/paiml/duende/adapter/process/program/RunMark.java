package com.paiml.duende.adapter.process.program;

import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * What every process of a run carries in its environment, so that it is known again wherever its forks have gone: {@code
 * DUENDE_RUN=INSTANCE/NAME/GENERATION}.
 *
 * @param instance the container's id
 * @param name the daemon's name
 * @param generation number of the run
 */
record RunMark(String instance, String name, long generation) {
  static final String VARIABLE = "DUENDE_RUN";

  static RunMark of(LaunchSpec spec) {
    return new RunMark(spec.instance().id(), spec.name(), spec.generation());
  }

  static RunMark of(Instance instance, DaemonHandle handle) {
    return new RunMark(instance.id(), handle.name(), handle.generation());
  }

  String value() {
    return instance + "/" + name + "/" + generation;
  }

  static boolean belongsTo(Instance instance, String value) {
    return value.startsWith(instance.id() + "/");
  }

  /** An environment with some variables more; those that it has already stay, the mark is always ours. */
  List<String> addTo(List<String> environment, List<String> more) {
    List<String> all = new ArrayList<>(environment);
    all.removeIf(v -> v.startsWith(VARIABLE + "="));
    for (String variable : more) {
      String name = variable.substring(0, variable.indexOf('=') + 1);
      if (environment.stream().noneMatch(v -> v.startsWith(name))) {
        all.add(variable);
      }
    }
    all.add(VARIABLE + "=" + value());
    return all;
  }
}
